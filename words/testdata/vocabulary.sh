#!/bin/sh
# Writes vocabulary.txt: what the C tool word2vec (Mikolov et al. 2013) counts in text.txt, words that come twice or more.
#
#	vocabulary.sh WORD2VEC
"$1" -train text.txt -save-vocab vocabulary.txt -min-count 2
