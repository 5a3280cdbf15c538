#!/usr/bin/env bash
# Runs the peers' benchmark and ours, family by family in turn, and prints the joined table: ratio = peer's time / ours.
#
#   docs/compare.sh DIR [THREADS [FAMILY-REGEX]]
#
# DIR holds bench_torch.py, bench_others.py and join.py, whose ids `tessera bench --list` shares. Python needs torch and torchvision. Other
# programs on the machine spoil the numbers; bench_torch.py waits for quiet and repeats. Records go to compare-T*.jsonl.
set -euo pipefail
dir=${1:?usage: docs/compare.sh DIR [THREADS [FAMILY-REGEX]]}
threads=${2:-$(nproc)}
want=${3:-.}
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OMP_NUM_THREADS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/tessera" ./cmd/tessera
peer=compare-t$threads-peer.jsonl ours=compare-t$threads-ours.jsonl
: >"$peer"
: >"$ours"
for family in '^train_step/' '^infer/' '^conv_fwd/resnet50' '^conv_bwd_data/resnet50' '^conv_bwd_weights/resnet50' \
  '^conv_.*/(resnet18|cifar)' '^gemm/' '^gemm_nt/' '^gemm_tn/' '^ew/' '^bn' '^maxpool' '^softmax_ce/' '^optim/' '^process/' '^image/'; do
  if ! grep -Eq "$want" <<<"$family"; then continue; fi
  compile=--no-compile
  if [ "$family" = '^infer/' ]; then compile=; fi # frozen and compiled, too
  echo "$family" >&2
  if [ "$family" = '^image/' ]; then # the same files on both sides, one worker's core
    python3 - "$dir/bench_others.py" "$work/jpegs" <<'PY'
import ast, io, os, sys
import numpy as np
from PIL import Image
scope = {"np": np, "io": io, "rng": np.random.default_rng(0)}
tree = ast.parse(open(sys.argv[1]).read())
exec(compile(ast.Module([f for f in tree.body if getattr(f, "name", "") == "jpegs"], []), "jpegs", "exec"), scope)
os.makedirs(sys.argv[2])
for i, b in enumerate(scope["jpegs"](60)):
    open(f"{sys.argv[2]}/{i:03d}.jpg", "wb").write(b)
PY
    python3 "$dir/bench_others.py" --threads "$threads" --quick --only image --json "$work/p" >&2
    "$work/tessera" bench --threads "$threads" --quick --only "$family" --images "$work/jpegs" --json "$work/o"
    cat "$work/p" >>"$peer"
    cat "$work/o" >>"$ours"
    continue
  fi
  python3 "$dir/bench_torch.py" --threads "$threads" --quick --wait 10 --layouts nhwc $compile --only "$family" --json "$work/p" >&2
  cat "$work/p" >>"$peer"
  "$work/tessera" bench --threads "$threads" --quick --only "$family" --json "$work/o"
  cat "$work/o" >>"$ours"
done
python3 "$dir/join.py" "$peer" "$ours" --by median_s
