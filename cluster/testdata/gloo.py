"""Sums of gradients by torch.distributed's gloo, to hold cluster's beside. For each rank of N: python gloo.py RANK N [ADDRESS of rank 0]"""
import sys
import time

import torch
import torch.distributed as dist

torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"tcp://{sys.argv[3] if len(sys.argv) > 3 else '127.0.0.1'}:29511", rank=int(sys.argv[1]), world_size=int(sys.argv[2]))
for name, n in ("ResNet-18", 11_689_512), ("ResNet-50", 25_557_032):
    x, took = torch.ones(n), []
    for _ in range(12):
        x.fill_(1)
        dist.barrier()
        began = time.perf_counter()
        dist.all_reduce(x)
        took.append(1e3 * (time.perf_counter() - began))
    took = sorted(took[2:])
    if dist.get_rank() == 0:
        print(f"gloo, {dist.get_world_size()} ranks: gradients of {name}, {n * 4e-6:.1f} MB: median {took[len(took) // 2]:.1f} ms, least {took[0]:.1f}", flush=True)
