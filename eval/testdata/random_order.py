# What random orders reach in the mean by VOC's average precisions: the rows of TestRandomOrder. NumPy alone.
import numpy as np

rng = np.random.default_rng(0)


def precisions(positive):
    found = np.cumsum(positive)
    precision, recall = found / np.arange(1, len(positive) + 1), found / positive.sum()
    best = np.maximum.accumulate(precision[::-1])[::-1]
    eleven = np.mean([precision[recall >= t / 10].max() for t in range(11)])
    return precision[positive == 1].mean(), np.sum(np.diff(np.r_[0, recall]) * best), eleven


for items, positives, tolerance in (6, 2, 0.02), (20, 1, 0.02), (50, 3, 0.01), (100, 5, 0.01), (1000, 60, 0.002), (5000, 250, 0.001):
    v = np.array([0] * (items - positives) + [1] * positives)
    all = []
    for _ in range(20000 if items <= 100 else 2000):
        rng.shuffle(v)
        all.append(precisions(v))
    print("{%d, %d, %s, %g}," % (items, positives, ", ".join("%.4f" % x for x in np.mean(all, 0)), tolerance))
