"""Reads one exposition in both formats with the parsers of prometheus_client.

usage: check_exposition.py OPENMETRICS.gz TEXT

Fails if a parser refuses a body, if the gzip body is not exactly one member, or if a sample of the
snapshot differs between the two. Prints how many samples it compared.
"""

import sys
import zlib

from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser


def one_gzip_member(path):
    with open(path, "rb") as file:
        decoder = zlib.decompressobj(wbits=31)
        body = decoder.decompress(file.read())
    assert decoder.eof, "the gzip member is cut short"
    assert not decoder.unused_data, "bytes follow the first gzip member"
    return body.decode("utf-8")


def samples(families):
    """All samples that do not move between two scrapes of one snapshot."""
    found = {}
    for family in families:
        for sample in family.samples:
            live = sample.name.startswith(("herakles_exporter_", "process_"))
            if live or sample.name.endswith("_created"):
                continue
            series = (sample.name, tuple(sorted(sample.labels.items())))
            assert series not in found, f"{series} comes twice"
            found[series] = sample.value
    return found


def main(openmetrics_path, text_path):
    openmetrics = list(
        openmetrics_parser.text_string_to_metric_families(one_gzip_member(openmetrics_path))
    )
    for family in openmetrics:
        assert family.documentation, f"{family.name} has no help"
        assert not family.unit or family.name.endswith("_" + family.unit), family.name
    with open(text_path, encoding="utf-8", newline="") as file:
        text = samples(text_parser.text_string_to_metric_families(file.read()))
    openmetrics = samples(openmetrics)
    for series in openmetrics.keys() | text.keys():
        values = openmetrics.get(series), text.get(series)
        assert values[0] == values[1], f"{series}: {values[0]} in OpenMetrics, {values[1]} in text"
    print(len(openmetrics))


main(*sys.argv[1:])
