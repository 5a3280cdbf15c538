// Package checkpoint moves named tensors to and from files: safetensors, .npz, and the layout of PyTorch's state
// dictionaries. It knows tensors, not layers. Files are written to a temporary name, synced and renamed, so that a crash
// or a full disk leaves what was there before.
//
// Start with safetensors.go.
package checkpoint
