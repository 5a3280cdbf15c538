#!/bin/sh
# Writes what is beside plain.txt: the same text packed by gzip, zstd and bzip2, whole and as two streams one after the other, and as UTF-16.
cd "$(dirname "$0")" || exit 1
head -n 2 plain.txt > first; tail -n +3 plain.txt > second
gzip -9nc plain.txt > whole.gz
(gzip -nc first; gzip -1nc second) > two.txt.gz
bzip2 -c plain.txt > whole.bz2
(bzip2 -c first; bzip2 -1c second) > two.bz2
zstd -19 -qc plain.txt > whole.zst
(zstd -qc first; zstd -1 -qc second) > two.zst
(printf '\357\273\277'; cat plain.txt) > mark.txt
(printf '\357\273\277'; cat plain.txt) | gzip -nc > mark.gz
iconv -f UTF-8 -t UTF-16 plain.txt > utf16.txt
iconv -f UTF-8 -t UTF-16LE plain.txt > utf16le.txt
rm first second
