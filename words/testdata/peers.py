"""peers.json: what gensim (4.4) and the C tool word2vec (Mikolov et al. 2013) make of fixed counts and words, for parts_test.go.

    python peers.py path/to/word2vec.c > peers.json

The C tool's function CreateBinaryTree is called by a small program around its source.
"""
import heapq
import json
import os
import subprocess
import sys
import tempfile

from gensim.models import Word2Vec
from gensim.models.fasttext import ft_hash_bytes, ft_ngram_hashes

PROGRAM = """
#define main tool
#include "%s"
#undef main
int main(int n, char **counts) {
  vocab_size = n - 1;
  for (int i = 0; i < vocab_size; i++) {
    vocab = realloc(vocab, (i + 1) * sizeof *vocab);
    vocab[i].cn = atoll(counts[i + 1]);
    vocab[i].code = calloc(MAX_CODE_LENGTH, sizeof *vocab[i].code);
    vocab[i].point = calloc(MAX_CODE_LENGTH, sizeof *vocab[i].point);
  }
  CreateBinaryTree();
  for (int i = 0; i < vocab_size; i++) {
    for (int j = 0; j < vocab[i].codelen; j++) printf("%%d", vocab[i].code[j]);
    for (int j = 0; j < vocab[i].codelen; j++) printf(" %%d", vocab[i].point[j]);
    printf("\\n");
  }
}
"""

COUNTS = {
    "two": [3, 1],
    "equal two": [5, 5],
    "equal": [7] * 11,
    "ties": [40, 20, 20, 10, 10, 10, 5, 5, 5, 5, 2, 1, 1, 1],
    "leaf and node tie": [8, 4, 4, 2, 2, 1, 1],
    "powers": [1 << i for i in range(19, -1, -1)],
    "fibonacci": [610, 377, 233, 144, 89, 55, 34, 21, 13, 8, 5, 3, 2, 1, 1],
    "zipf": [100000 // (i + 1) for i in range(60)],
    "huge": [1 << 40, 1 << 39, 3 << 37, 1 << 37, 12345678901, 12345678901, 99, 98, 98, 98],
}

WORDS = ["where", "a", "ab", "abc", "<>", "x-y", "naïve", "über", "ß", "日本語", "語", "Привет", "мир", "👋🏽", "été", "عربي", "don't", "0", "1984",
         "antidisestablishmentarianism"]
PARTS = [(3, 6, 2000000), (1, 2, 97), (2, 4, 1000), (5, 5, 10), (1, 6, 1)]


def cost(counts):
    """Σ count·length of an optimal code: the sum of all inner nodes."""
    heap, total = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        total += both
        heapq.heappush(heap, both)
    return total


def trees(source):
    with tempfile.TemporaryDirectory() as d:
        program = os.path.join(d, "tree")
        with open(program + ".c", "w") as f:
            f.write(PROGRAM % os.path.abspath(source))
        subprocess.run(["cc", "-w", "-o", program, program + ".c", "-lm", "-lpthread"], check=True)
        out = []
        for name, counts in COUNTS.items():
            lines = subprocess.run([program, *map(str, counts)], check=True, capture_output=True, text=True).stdout.splitlines()
            out.append({"name": name, "counts": counts, "codes": [l.split()[0] for l in lines],
                        "nodes": [list(map(int, l.split()[1:])) for l in lines], "cost": cost(counts)})
        return out


def vocabulary(counts, sample):
    m = Word2Vec(min_count=1, sample=sample, vector_size=1)
    m.build_vocab_from_freq({f"w{i}": c for i, c in enumerate(counts)})
    assert [m.wv.get_vecattr(w, "count") for w in m.wv.index_to_key] == counts  # equally frequent words come in another order
    return {"sample": sample, "counts": counts, "keep": [int(m.wv.get_vecattr(w, "sample_int")) for w in m.wv.index_to_key],
            "noise": [int(x) for x in m.cum_table]}


def main():
    zipf, ties = [100000 // (i + 1) for i in range(60)], COUNTS["ties"]
    json.dump({
        "trees": trees(sys.argv[1]),
        "vocabularies": [vocabulary(zipf, 1e-3), vocabulary(zipf, 1e-4), vocabulary(zipf, 0.05), vocabulary(zipf, 0), vocabulary(ties, 1e-2)],
        "hashes": [{"text": w, "hash": int(ft_hash_bytes(w.encode()))} for w in WORDS],
        "parts": [{"word": w, "min": a, "max": b, "buckets": n, "rows": [int(h) for h in ft_ngram_hashes(w, a, b, n)]} for w in WORDS for a, b, n in PARTS],
    }, sys.stdout, ensure_ascii=False)
    print()


main()
