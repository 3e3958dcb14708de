/* Runs a program that dies with its parent. usage: tether PROGRAM ARGUMENTS... */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	if (count < 2)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(arguments[1], arguments + 1);
	perror("tether");
	return 1;
}
