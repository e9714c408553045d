#!/usr/bin/env bash
# The text of the demo, in DIR: train.txt and held-out.txt, made from the dictionary of the package
# dict-gcide. The same bytes on every machine.
#
# usage: tools/demo_text.sh DIR
set -euo pipefail
export LC_ALL=C
dir=${1:?usage: $0 DIR}
dictionary=/usr/share/dictd/gcide.dict.dz
[ -r "$dictionary" ] || { echo "error: $dictionary is missing; it is part of dict-gcide" >&2; exit 1; }

# The entries of the dictionary as one paragraph a line, without etymologies, pronunciations
# and notes on sources, and without repetitions; every 150th paragraph is held out, up to 128 KiB of them.
zcat -f "$dictionary" | awk -v train="$dir/train.txt" -v held="$dir/held-out.txt" '
  BEGIN { RS = ""; FS = "\n" }
  {
    gsub(/[ \n\t]+/, " ")
    gsub(/\[ae\]/, "ae"); gsub(/\[oe\]/, "oe"); gsub(/\[AE\]/, "Ae")
    gsub(/\\[^\\]*\\/, "")
    while (gsub(/\[[^][]*\]/, "")) continue
    gsub(/\([^()]*\)/, "")
    gsub(/[{}]/, ""); gsub(/ +/, " ")
    gsub(/ ,/, ","); gsub(/ \./, "."); gsub(/ ;/, ";"); gsub(/^ | $/, "")
    if (length($0) < 60 || seen[$0]++) next
    if (++paragraphs % 150 == 0 && bytes < 131072) {
      bytes += length($0) + 1
      print > held
    } else
      print > train
  }'
