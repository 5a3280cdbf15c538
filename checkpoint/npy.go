package checkpoint

import (
	"archive/zip"
	"io"

	"github.com/tessera-go/tessera/tensor"
)

// SaveNPY writes a tensor as NumPy's .npy.
func SaveNPY(path string, t *tensor.Tensor) error {
	return Atomic(path, func(w io.Writer) error { return tensor.WriteNPY(w, t) })
}

// SaveNPZ writes tensors as NumPy's .npz: a zip of .npy files, not compressed, as numpy.savez makes it.
func SaveNPZ(path string, ts []Named) error {
	return Atomic(path, func(w io.Writer) error {
		z := zip.NewWriter(w)
		for _, t := range ts {
			f, err := z.CreateHeader(&zip.FileHeader{Name: t.Name + ".npy", Method: zip.Store})
			if err != nil {
				return err
			}
			if err := tensor.WriteNPY(f, t.Value); err != nil {
				return err
			}
		}
		return z.Close()
	})
}
