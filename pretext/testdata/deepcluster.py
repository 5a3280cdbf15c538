"""deepcluster.json: features whitened by numpy in float64, and twelve steps of a trunk with a classifier in PyTorch, for deepcluster_test.go.

    python deepcluster.py > deepcluster.json
"""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from view_pairs import N, Encoder, compare, fill, write

CLUSTERS = 5


def whitened():
    """Unit rows of features [40 12] along 6 components; of what has 12 values only 4 are free, so two components are nothing."""
    x = (fill((40, 4), "free", 1).astype(np.float64) @ fill((4, 12), "mixed", 1).astype(np.float64)).astype(np.float32) + fill((12,), "mean", 3)
    c = x.astype(np.float64) - x.astype(np.float64).mean(0)
    values, vectors = np.linalg.eigh(c.T @ c / len(c))
    values, vectors = values[::-1][:4], vectors[:, ::-1][:, :4]
    y = c @ vectors / np.sqrt(values)
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    return {"x": x.ravel().tolist(), "cosines": (y @ y.T).ravel().tolist()}


class DeepCluster:
    def __init__(self):
        self.net, self.classifier, self.queue, self.step = Encoder(nn.Sequential()), nn.Linear(128, CLUSTERS), None, 0
        self.learned = [*self.net.parameters(), *self.classifier.parameters()]
        self.named = [*self.net.tensors(""), ("classifier.weight", self.classifier.weight), ("classifier.bias", self.classifier.bias)]

    def loss(self, x):
        return F.cross_entropy(self.classifier(self.net(x[0])), (torch.arange(N) * 3 + self.step) % CLUSTERS)

    def before(self):
        pass

    def after(self):
        self.step += 1


if __name__ == "__main__":
    out = compare((("deepcluster", 0.02, DeepCluster),))["deepcluster"]
    write({"whitened": whitened(), **out})
