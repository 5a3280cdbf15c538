"""Times `tessera bench` beside its peers, in turn, workload by workload: exact search beside faiss, probes beside scikit-learn, RoIAlign and suppression of boxes beside
torchvision, and, with --peers, all that bench_torch.py has (docs/compare.sh) beside PyTorch.

    python3 internal/parity/speed.py TESSERA [--threads N] [--only REGEX] [--rounds R] [--peers DIR]

Needs faiss-cpu, scikit-learn and torchvision. A line for each workload: medians of both in milliseconds, of time and, in brackets, of processor time of all
threads, and the peer's over ours: the median of the rounds and the least and the most. On a machine that others use, too, the processor time is what counts.
"""
import argparse
import contextlib
import io
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

ap = argparse.ArgumentParser()
ap.add_argument("tessera")
ap.add_argument("--threads", type=int, default=2)
ap.add_argument("--only", default=".")
ap.add_argument("--rounds", type=int, default=5)
ap.add_argument("--peers", help="where bench_torch.py is")
args = ap.parse_args()
for v in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[v] = str(args.threads)
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "golden"))
from golden import fill

rng = np.random.default_rng(0)
WORK = {}


def flat(kind, m):
    def setup():
        import faiss
        faiss.omp_set_num_threads(args.threads)
        index = getattr(faiss, kind)(512)
        index.add(rng.standard_normal((100_000, 512), dtype=np.float32))
        q = rng.standard_normal((m, 512), dtype=np.float32)
        return lambda: index.search(q, 10)
    return setup


for name, kind in (("flat_l2", "IndexFlatL2"), ("flat_ip", "IndexFlatIP")):
    for m in (1000, 1):
        WORK[f"faiss/{name}/100kx512_q{m}_k10"] = flat(kind, m)


def samples():  # those of internal/workload/probes.go
    x, c = fill((10_000, 512), "samples", math.sqrt(3)), fill((10, 512), "centres", 0.12 * math.sqrt(3))
    y = np.arange(10_000) % 10
    return x + c[y], y


def logreg():
    from sklearn.linear_model import LogisticRegression
    x, y = samples()
    m = LogisticRegression(solver="lbfgs", C=1.0, max_iter=1000)
    return lambda: m.fit(x, y)


def svc(c):
    def setup():
        from sklearn.svm import LinearSVC
        x, y = samples()
        m = LinearSVC(C=c, dual="auto", max_iter=10_000)
        return lambda: m.fit(x, y)
    return setup


WORK["probe/logreg_lbfgs/10kx512x10/tol1e-4"] = logreg
for c in (0.01, 1):
    WORK[f"probe/linear_svc/10kx512x10/c{c:g}"] = svc(c)


def boxes(n, side, least, most):
    a = rng.uniform(0, side, (n, 2))
    return np.concatenate([a, a + rng.uniform(least, most, (n, 2))], 1).astype(np.float32)


def roi(back, sampling):
    def setup():
        import torch
        import torchvision
        torch.set_num_threads(args.threads)
        x = torch.randn(2, 256, 50, 50, requires_grad=back)
        rois = torch.cat([(torch.arange(512) % 2)[:, None].float(), torch.from_numpy(boxes(512, 600, 30, 200))], 1)
        dy = torch.randn(512, 256, 7, 7)

        def f():
            y = torchvision.ops.roi_align(x, rois, 7, 1 / 16, sampling or -1, aligned=True)
            if back:
                x.grad = None
                y.backward(dy)
        return f
    return setup


for sampling in (2, 0):
    WORK[f"roi_align/fwd/n2c256s50_r512_7x7_sampling{sampling}"] = roi(False, sampling)
    WORK[f"roi_align/fwd_bwd/n2c256s50_r512_7x7_sampling{sampling}"] = roi(True, sampling)


def nms(n, most):
    def setup():
        import torch
        import torchvision
        torch.set_num_threads(args.threads)
        b, s = torch.from_numpy(boxes(n, 700, 20, 100)), torch.rand(n)
        return lambda: torchvision.ops.nms(b, s, most)
    return setup


for n in (1000, 4000, 12000):
    for most in (0.5, 0.7):
        WORK[f"nms/{n}_at_{most:g}"] = nms(n, most)


def bench_torch():
    """Returns what bench_torch.py defines; asked for a list of its workloads it times none."""
    path, names, argv = os.path.join(args.peers, "bench_torch.py"), {"__name__": "bench_torch", "__file__": "bench_torch.py"}, sys.argv
    sys.argv = [path, "--list", "--threads", str(args.threads)]
    try:
        with contextlib.redirect_stdout(io.StringIO()), open(path) as f:
            exec(compile(f.read(), path, "exec"), names)
    except SystemExit:
        pass
    sys.argv = argv
    return names


def of_torch(names, run):
    """Returns what sets one of its workloads up: calls, one for each memory layout."""
    def setup():
        calls = []
        names["measure"] = lambda f, *_, **__: calls.append(f) or [1.0]
        names["emit"] = lambda *_, **__: names["RECS"].append({"min_s": 1.0})
        run()
        return calls
    return setup


if args.peers:
    torch_names = bench_torch()
    for id, run in torch_names["WORK"]:
        WORK.setdefault(id, of_torch(torch_names, run))


def peer(f):
    """Returns the median time and processor time of f, a call, or of the quickest of several."""
    if isinstance(f, list):
        return min(map(peer, f), key=lambda t: t[1])
    f()
    t = time.perf_counter()
    f()
    once = time.perf_counter() - t
    inner, wall, cpu = max(1, int(0.01 / max(once, 1e-9))), [], []
    for _ in range(min(20, max(3, int(0.5 / (once * inner))))):
        t, c = time.perf_counter(), time.process_time()
        for _ in range(inner):
            f()
        wall.append((time.perf_counter() - t) / inner)
        cpu.append((time.process_time() - c) / inner)
    return statistics.median(wall), statistics.median(cpu)


def ours(name):
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run([args.tessera, "bench", "--quick", "--threads", str(args.threads), "--only", f"^{re.escape(name)}$", "--json", out.name],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        r = json.loads(open(out.name).read())
        return r["median_s"], r.get("cpu_s", math.nan)  # which not every system tells


def spread(v):
    return f"{statistics.median(v):.2f} ({min(v):.2f}-{max(v):.2f})"


for name, setup in WORK.items():
    if not re.search(args.only, name):
        continue
    f, theirs, mine = setup(), [], []
    for _ in range(args.rounds):
        theirs.append(peer(f))
        mine.append(ours(name))
    ms = ["%.4g (%.4g)" % tuple(1e3 * statistics.median(v) for v in zip(*side)) for side in (theirs, mine)]
    ratio = [spread([a[k] / b[k] for a, b in zip(theirs, mine)]) for k in (0, 1)]
    print(f"| `{name}` | {ms[0]} | {ms[1]} | {ratio[0]} | {ratio[1]} |", flush=True)
