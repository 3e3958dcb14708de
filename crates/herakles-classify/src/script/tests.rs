//! Golden table of command lines, as the manuals of the interpreters and wrappers lay them out:
//! python(1), java(1), node(1), ruby(1), perlrun(1), php(1), bash(1); env(1), sudo(8), nice(1),
//! timeout(1), taskset(1), numactl(8).

/// `line` has spaces for NULs and `_` for spaces within an argument.
fn check(line: &str, expected: Option<&str>) {
    let raw = line.replace(' ', "\0").replace('_', " ");
    let found = super::script(raw.as_bytes()).map(String::from_utf8_lossy);
    assert_eq!(found.as_deref(), expected, "{line}");
}

#[test]
fn python() {
    check("python3 /srv/app/worker.py --queue high", Some("worker.py"));
    check(
        "/usr/bin/python3.12 -m http.server 8000",
        Some("http.server"),
    );
    check("python3 -um celery worker", Some("celery"));
    check("python3 -mcelery worker", Some("celery"));
    check("python3 -u -W ignore -X dev app.py", Some("app.py"));
    check("python3 -Wignore app.py", Some("app.py"));
    check("pypy3 app.py", Some("app.py"));
    check(
        "/usr/bin/python3 /usr/bin/unattended-upgrade",
        Some("unattended-upgrade"),
    );
    check("python3 -c import_os;secret='x' more", None);
    check("python3 -Bc code", None);
    check("python3 -", None);
    check("python3", None);
    check("python3-config --libs", None);
}

#[test]
fn java() {
    check(
        "java -Xmx1g -jar /opt/jenkins/jenkins.war --httpPort=8080",
        Some("jenkins.war"),
    );
    check(
        "/usr/lib/jvm/java-21/bin/java -cp /opt/kafka/libs/* -Dx=y kafka.Kafka server.properties",
        Some("kafka.Kafka"),
    );
    check(
        "java --add-opens java.base/java.lang=ALL-UNNAMED @/etc/jvm.options -classpath a:b org.Main x",
        Some("org.Main"),
    );
    check(
        "java --add-opens=java.base/java.lang=ALL-UNNAMED org.Main",
        Some("org.Main"),
    );
    check(
        "java -p mods -m app/org.example.Main",
        Some("org.example.Main"),
    );
    check("java -version", None);
}

#[test]
fn node_ruby_perl_php() {
    check("node /srv/shop/server.js", Some("server.js"));
    check(
        "/usr/bin/node --max-old-space-size=4096 -r dotenv/config dist/main.js",
        Some("main.js"),
    );
    check(
        "node --import ./tracing.mjs --inspect app.mjs",
        Some("app.mjs"),
    );
    check("node -e console.log(1)", None);
    check("node --eval=1", None);
    check(
        "ruby -I lib -rbundler/setup bin/rails server",
        Some("rails"),
    );
    check(
        "ruby /usr/bin/bundle exec puma -C config/puma.rb",
        Some("puma"),
    );
    check("ruby3.1 -W0 script.rb", Some("script.rb"));
    check("ruby -ne puts", None);
    check(
        "perl -w -I /opt/lib -MFoo=bar /usr/bin/exim-report",
        Some("exim-report"),
    );
    check("perl -i.bak -pe s/a/b/ file", None);
    check("/usr/bin/perl -Tw /usr/sbin/amavisd", Some("amavisd"));
    check(
        "php8.3 -d memory_limit=-1 artisan queue:work",
        Some("artisan"),
    );
    check("php -f job.php", Some("job.php"));
    check("php -r code", None);
    check("php-fpm:_pool_www", None);
}

#[test]
fn shells() {
    check(
        "/bin/sh /usr/local/bin/backup.sh nightly",
        Some("backup.sh"),
    );
    check("bash -eo pipefail deploy.sh", Some("deploy.sh"));
    check("bash --rcfile /dev/null +x run", Some("run"));
    check("sh -ec secret", None);
    check("-bash", None);
    check("/bin/bash --login", None);
    check("zsh -- -odd-name", Some("-odd-name"));
}

#[test]
fn wrappers() {
    check("/usr/bin/env python3 tool.py", Some("tool.py"));
    check(
        "env -i -u HOME LANG=C PATH=/bin python3 tool.py",
        Some("tool.py"),
    );
    check("sudo -u postgres -E TERM=x python3 job.py", Some("job.py"));
    check("sudo -Eu postgres -- perl job.pl", Some("job.pl"));
    check("sudo -upostgres perl job.pl", Some("job.pl"));
    check(
        "nice -n 10 ionice -c2 -n 7 bash backup.sh",
        Some("backup.sh"),
    );
    check("nice -10 bash backup.sh", Some("backup.sh"));
    check("nohup setsid node app.js", Some("app.js"));
    check("timeout -k 5 60 python3 poll.py", Some("poll.py"));
    check("taskset -c 0,1 chrt -f 50 java -jar a.jar", Some("a.jar"));
    check("numactl -N 0 --membind=0 java org.Main", Some("org.Main"));
    check("tini -g -- node app.js", Some("app.js"));
    check("busybox sh /etc/init.d/rcS", Some("rcS"));
    check("flock -n /run/lock perl job.pl", Some("job.pl"));
    check("sudo -i", None);
    check("env", None);
    check("sudo nginx -c x", None);
}

#[test]
fn what_is_no_interpreter() {
    for line in [
        "",
        "nginx -c /etc/nginx.conf",
        "sha256sum file",
        "javac Main.java",
        "/",
        "python3 /",
    ] {
        check(line, None);
    }
}
