"""Makes i8.npy: python3 npy.py (numpy 2)."""
import numpy as np
np.save("i8.npy", np.arange(6, dtype="<i8").reshape(2, 3))
