"""Times approximate search beside faiss's IndexIVFFlat and hnswlib, one thread, on the same vectors: recall@10 against time a query.

    python3 internal/parity/approximate.py DIR [--rows N] [--dim D] [--cells K]
    go run ./internal/parity/nearest DIR K

Needs faiss-cpu, and hnswlib unless --only ivf. The vectors lie near a plane of 24 dimensions, in a thousand groups that overlap, as features do; 1000 more of them are the queries. DIR
keeps them (base.npy, queries.npy) and the ten nearest of each by faiss's exact search (truth.npy), which the Go program reads. Times are of processor time: of building, of all
queries at once, and of one query after the other.
"""
import argparse
import os
import time

for v in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[v] = "1"
import numpy as np

ap = argparse.ArgumentParser()
ap.add_argument("dir")
ap.add_argument("--rows", type=int, default=1_000_000)
ap.add_argument("--dim", type=int, default=128)
ap.add_argument("--cells", type=int, default=1024)
ap.add_argument("--only", default="ivf,hnsw")
args = ap.parse_args()
os.makedirs(args.dir, exist_ok=True)


def file(name, make):
    path = os.path.join(args.dir, name)
    if not os.path.exists(path):
        np.save(path, make())
    return np.load(path)


def vectors(n, seed):
    shared, rng = np.random.default_rng(0), np.random.default_rng(seed)
    centres, plane = shared.standard_normal((1000, 24), np.float32), shared.standard_normal((24, args.dim), np.float32)
    x = np.empty((n, args.dim), np.float32)
    for lo in range(0, n, 50_000):
        m = min(50_000, n - lo)
        z = centres[rng.integers(0, 1000, m)] + rng.standard_normal((m, 24), np.float32)
        x[lo:lo + m] = z @ plane + 0.3 * rng.standard_normal((m, args.dim), np.float32)
    return x


base, queries = file("base.npy", lambda: vectors(args.rows, 1)), file("queries.npy", lambda: vectors(1000, 2))


def exact():
    import faiss
    faiss.omp_set_num_threads(1)
    f = faiss.IndexFlatL2(args.dim)
    f.add(base)
    return f.search(queries, 10)[1].astype(np.float32)  # numbers of rows below 2^24


truth = file("truth.npy", exact).astype(int)


def timed(f):
    t = time.process_time()
    out = f()
    return time.process_time() - t, out


def row(name, search, rounds=3):
    """Prints recall and the medians of time a query, of all queries at once and of 200 alone."""
    _, found = timed(lambda: search(queries))
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, truth)])
    many = np.median([timed(lambda: search(queries))[0] for _ in range(rounds)]) / len(queries)
    alone = np.median([timed(lambda: [search(queries[i:i + 1]) for i in range(200)])[0] for _ in range(rounds)]) / 200
    print(f"| {name} | {recall:.3f} | {many * 1e3:.3f} | {alone * 1e3:.3f} |", flush=True)


if "ivf" in args.only:
    import faiss
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexFlatL2(args.dim)
    f = faiss.IndexIVFFlat(flat, args.dim, args.cells)
    print(f"faiss IVF{args.cells}: built in %.1f s" % timed(lambda: (f.train(base), f.add(base)))[0], flush=True)
    for probe in (1, 2, 4, 8, 16, 32, 64):
        f.nprobe = probe
        row(f"faiss IVF{args.cells}, {probe}", lambda q: f.search(q, 10)[1])
if "hnsw" in args.only:
    import hnswlib
    h = hnswlib.Index("l2", args.dim)
    h.init_index(args.rows, M=16, ef_construction=200)
    print("hnswlib: built in %.1f s" % timed(lambda: h.add_items(base, num_threads=1))[0], flush=True)
    for ef in (16, 32, 64, 128, 256):
        h.set_ef(ef)
        row(f"hnswlib M 16, ef {ef}", lambda q: h.knn_query(q, 10, num_threads=1)[0])
