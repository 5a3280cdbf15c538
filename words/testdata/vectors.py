"""Makes the small files of vectors, questions and pairs, and what gensim says of them: python3 vectors.py (gensim 4.4, numpy 2, scipy).

The words and vectors are made here: pairs whose second word is the first plus an offset and noise, in several spellings."""
import gzip
import json

import numpy as np
from gensim.models import KeyedVectors
from scipy import stats

rng = np.random.default_rng(13)
DIM = 12
SECTIONS = {
    "capitals": [("Norway", "Oslo"), ("Peru", "Lima"), ("Kenya", "Nairobi"), ("Austria", "Vienna"), ("Japan", "Tokyo"), ("Cuba", "Havana")],
    "family": [("uncle", "aunt"), ("boy", "girl"), ("he", "she"), ("king", "queen"), ("grandson", "granddaughter")],
    "gram1-plural": [("bird", "birds"), ("hand", "hands"), ("mouse", "mice"), ("Straße", "Straßen"), ("été", "étés")],
    "gram2-opposite": [("likely", "unlikely"), ("aware", "unaware"), ("known", "unknown")],
}
words, vectors = [], []
for pairs in SECTIONS.values():
    offset = rng.normal(size=DIM)
    for a, b in pairs:
        x = rng.normal(size=DIM)
        words += [a, b]
        vectors += [x, x + offset + 0.6 * rng.normal(size=DIM)]
for w in ["King", "KING", "Queen", "norway", "HE", "слово", "語", "the", "of", "c++", "-ing"]:  # other spellings, near the word where there is one
    same = [i for i, o in enumerate(words) if o.lower() == w.lower()]
    x = rng.normal(size=DIM)
    words.append(w)
    vectors.append(vectors[same[0]] + 0.3 * x if same else x)
order = rng.permutation(len(words))
words = [words[i] for i in order]
vectors = np.array([vectors[i] for i in order], dtype=np.float32)
vectors *= rng.uniform(0.5, 2, size=(len(words), 1)).astype(np.float32)

kv = KeyedVectors(DIM)
kv.add_vectors(words, vectors)
kv.save_word2vec_format("gensim.txt")
kv.save_word2vec_format("gensim.bin", binary=True)
kv.save_word2vec_format("glove.txt", write_header=False)
with open("gensim.txt", "rb") as f, open("gensim.txt.gz", "wb") as g:
    g.write(gzip.compress(f.read(), mtime=0))
with open("c.bin", "wb") as f, open("c.txt", "wb") as g:  # as the C tool writes them: a newline after each vector, a space after each number
    head = f"{len(words)} {DIM}\n".encode()
    f.write(head)
    g.write(head)
    for w, x in zip(words, vectors):
        f.write(w.encode() + b" " + x.tobytes() + b"\n")
        g.write(w.encode() + b" " + b"".join(b"%f " % v for v in x) + b"\n")
for kind in ("f2", "f4", "f8"):
    np.save(f"{kind}.npy", vectors.astype("<" + kind))
    with open(f"{kind}.vocab.txt", "w", encoding="utf8") as f:
        for i, w in enumerate(words):
            f.write(f"{w} {1000 - i}\n" if kind == "f4" else f"{w}\n")

with open("questions.txt", "w", encoding="utf8") as f:
    for name, pairs in SECTIONS.items():
        f.write(f": {name}\n")
        for i, (a, b) in enumerate(pairs):
            for j, (c, d) in enumerate(pairs):
                if i != j:
                    f.write(f"{a} {b} {c} {d}\n")
        f.write(f"{pairs[0][0]} {pairs[0][1]} nowhere nothing\n{pairs[0][0].upper()} {pairs[0][1].lower()} king QUEEN\nking king he he\n")


def analogies(**options):
    score, sections = kv.evaluate_word_analogies("questions.txt", **options)
    return [{"name": s["section"], "correct": len(s["correct"]), "asked": len(s["correct"]) + len(s["incorrect"])} for s in sections]


gold = rng.uniform(0, 10, size=60).round(1)
with open("pairs.tsv", "w", encoding="utf8") as f:
    f.write("# made by vectors.py\n")
    for g in gold:
        a, b = rng.choice(len(words), 2, replace=False)
        near = kv.similarity(words[a], words[b])
        f.write(f"{words[a]}\t{words[b]}\t{(g + 5 * near):.0f}\n")  # whole numbers: many ties
    f.write("nowhere\tking\t5\n")


def similarity(**options):
    pearson, spearman, unknown = kv.evaluate_word_pairs("pairs.tsv", **options)
    return {"pearson": pearson[0], "spearman": spearman[0], "unknown": unknown}


near = {}
for q, positive, negative in [("king", ["king"], []), ("king - boy + girl", ["king", "girl"], ["boy"]), ("Oslo - Norway + Peru", ["Oslo", "Peru"], ["Norway"]), ("- the + of", ["of"], ["the"]), ("c++ + -ing", ["c++", "-ing"], [])]:
    near[q] = kv.most_similar(positive=positive, negative=negative, topn=8)
x = rng.integers(0, 6, size=40)
y = x + rng.integers(0, 8, size=40)
json.dump({
    "words": words,
    "vectors": [[float(v) for v in x] for x in vectors],
    "analogies": {"default": analogies(), "case": analogies(case_insensitive=False), "restrict": analogies(restrict_vocab=30), "unknown": analogies(dummy4unknown=True)},
    "similarity": {"default": similarity(), "case": similarity(case_insensitive=False), "restrict": similarity(restrict_vocab=30), "unknown": similarity(dummy4unknown=True)},
    "near": near,
    "ranks": {"x": x.tolist(), "y": y.tolist(), "spearman": stats.spearmanr(x, y)[0], "pearson": stats.pearsonr(x, y)[0], "average": stats.rankdata(y).tolist()},
}, open("vectors.json", "w", encoding="utf8"), ensure_ascii=False, indent=0)
