"""The errors that TestGELUError bounds, of PyTorch's GELU: python3 gelu_error.py"""
import numpy as np
import torch
from scipy.special import ndtr

x = np.arange(0, 1 << 32, 1009, dtype=np.uint64).astype(np.uint32).view(np.float32)
x = x[(np.abs(x) < 13) & (np.abs(x) > 1e-36)]
tx = torch.tensor(x, requires_grad=True)
y = torch.nn.functional.gelu(tx)
y.backward(torch.ones_like(y))
y, d, v = y.detach().numpy().astype(float), tx.grad.numpy().astype(float), x.astype(float)
cdf, density = ndtr(v), np.exp(-v * v / 2) / np.sqrt(2 * np.pi)
e, slope = np.abs(y - v * cdf), np.abs(d - cdf - v * density)
relative = e / np.abs(v * cdf)
print(torch.__version__, torch.backends.cpu.get_cpu_capability())
print("GELU, of |x|: %.2g" % (e / np.abs(v)).max())
print("GELU, of the result from -3 on: %.2g, below: %.2g" % (relative[v > -3].max(), relative[v <= -3].max()))
print("gradient: %.2g, of its parts: %.2g" % (slope.max(), (slope / (cdf + np.abs(v) * density)).max()))
