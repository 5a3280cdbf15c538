//go:build purego || !(amd64 || arm64)

package simd

// available is empty: this build has the Go loops only.
func available() []*kernels { return nil }

func runTile(id tileID, g *gemmArgs) { goTile(g, int(id)&3+1, id >= 4) }
