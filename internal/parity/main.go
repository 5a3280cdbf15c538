// Parity runs PyTorch's own samples of the operations that we have, written by cases.py, and says for each operation how far we are from
// float64, in units of how far PyTorch's float32 is.
//
//	python3 internal/parity/cases.py DIR && go run ./internal/parity DIR
//
// ops.go has our side of the table of names, HANDLERS in cases.py PyTorch's; load.go reads the files; score.go compares.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: parity DIR, a folder that internal/parity/cases.py wrote")
		os.Exit(2)
	}
	s, err := load(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
	r := s.run()
	fmt.Print(r.table())
	if len(r.faults) > 0 {
		os.Exit(1)
	}
}
