package cluster

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// TestBackground: sums that are begun one after the other are the sums of Summer, while the group's own calls go on.
func TestBackground(t *testing.T) {
	lengths := []int{3, 0, PieceOfSum + 7, 1, 20, PieceOfSum, 5}
	on(t, 4, func(g Group) error {
		b, err := NewBackground(g, false)
		if err != nil {
			return err
		}
		defer b.Close()
		for range 2 {
			var have, want [][]float32
			for i, n := range lengths {
				x := make([]float32, n)
				for j := range x {
					x[j] = 1 / float32(1+i+j%97+100*g.Rank())
				}
				have, want = append(have, x), append(want, slices.Clone(x))
			}
			var s Summer
			for i := range have[:3] {
				b.Sum(have[i : i+1])
				if all, err := GatherFloat64(g, []float64{float64(g.Rank())}); err != nil || !slices.Equal(all, []float64{0, 1, 2, 3}) {
					return fmt.Errorf("beside the sums: %v, %v", all, err)
				}
			}
			b.Sum(have[3:])
			if err := b.Wait(); err != nil {
				return err
			}
			for i := range want {
				if err := s.Sum(g, want[i]); err != nil {
					return err
				}
				if !slices.Equal(have[i], want[i]) {
					return fmt.Errorf("another sum of %d values", len(want[i]))
				}
			}
		}
		return nil
	})
}

// TestBackgroundBeginsAtOnce: who begins sums never waits for ranks that begin them later, after a call of the group.
func TestBackgroundBeginsAtOnce(t *testing.T) {
	on(t, 2, func(g Group) error {
		b, err := NewBackground(g, false)
		if err != nil {
			return err
		}
		defer b.Close()
		xs := make([][]float32, 20)
		begin := func() {
			for i := range xs {
				xs[i] = []float32{float32(i)}
				b.Sum(xs[i : i+1])
			}
		}
		if g.Rank() == 0 {
			begin()
		}
		if _, err := Gather(g, nil); err != nil {
			return err
		}
		if g.Rank() == 1 {
			begin()
		}
		err = b.Wait()
		for i, x := range xs {
			if x[0] != float32(2*i) {
				return fmt.Errorf("sum %d is %g", i, x[0])
			}
		}
		return err
	})
}

// TestBackgroundFails: a rank that ends lets those go that wait for its sums.
func TestBackgroundFails(t *testing.T) {
	groups := Loopback(2)
	begun := make(chan *Background)
	for _, g := range groups {
		go func() {
			b, err := NewBackground(g, false)
			if err != nil {
				t.Error(err)
			}
			begun <- b
		}()
	}
	one, other := <-begun, <-begun
	defer other.Close()
	defer one.Close()
	one.Sum([][]float32{{1}})
	one.Sum([][]float32{{1}})
	groups[1].Abort()
	if err := one.Wait(); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
}
