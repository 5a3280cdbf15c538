package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// oneProcess refuses a command that a launcher started several times, unless it is one that ranks do together.
func oneProcess(cmd *cobra.Command) error {
	if l := cluster.Launched(); l.Ranks > 1 && cmd.Name() != "pretrain" {
		return &cluster.Everywhere{Err: usage("%s started %d ranks of %s, which is a command for one process; pretrain is the one that ranks do together", l.By, l.Ranks, cmd.CommandPath())}
	}
	return nil
}

// join joins the ranks that a launcher started, and gives this one its share of the cores.
func (g *global) join() (cluster.Group, error) {
	group, err := cluster.Join(func(text string) { say(os.Stderr, "tessera: %s", text) })
	if err != nil {
		return nil, err
	}
	if group.Size() == 1 {
		return group, nil
	}
	if g.threads == 0 {
		tensor.SetThreads(max(1, int(cluster.Cores())))
	}
	shares, err := cluster.GatherFloat64(group, []float64{float64(tensor.Threads()), cluster.Cores(), float64(cluster.Idle())})
	if err == nil && group.Rank() == 0 {
		say(os.Stderr, "%s", sharesOf(group, shares))
	}
	return group, err
}

// sharesOf says in a line what each rank computes with, of shares: for each rank its threads, its cores, and those of its machine that no rank has.
func sharesOf(group cluster.Group, shares []float64) string {
	hosts := map[string]bool{}
	least, most := shares[0], shares[0]
	many, idle := -1, -1 // ranks with more threads than cores, and with idle cores
	for r := range group.Size() {
		s := shares[3*r:]
		hosts[group.Host(r)] = true
		least, most = min(least, s[0]), max(most, s[0])
		if s[0] > s[1] && many < 0 {
			many = r
		}
		if s[2] > 0 && idle < 0 {
			idle = r
		}
	}
	each := fmt.Sprintf("%g", least)
	if most > least {
		each += fmt.Sprintf(" to %g", most)
	}
	text := fmt.Sprintf("%d ranks on %s, each with %s", group.Size(), counted(fmt.Sprint(len(hosts)), "machine"), counted(each, "thread"))
	if many >= 0 {
		text += fmt.Sprintf("; rank %d on %s has %g for a share of %s", many, group.Host(many), shares[3*many], counted(fmt.Sprintf("%.3g", shares[3*many+1]), "core"))
	}
	if idle >= 0 {
		text += fmt.Sprintf("; no rank may use %s of %s: mpirun --bind-to none, or --map-by numa --bind-to numa, gives them", counted(fmt.Sprint(shares[3*idle+2]), "core"), group.Host(idle))
	}
	return text
}

// counted returns a number with its noun.
func counted(n, noun string) string {
	if n != "1" {
		noun += "s"
	}
	return n + " " + noun
}

// leave leaves a group. An error that the other ranks know nothing of ends them.
func leave(group cluster.Group, err error) error {
	if group.Size() > 1 && err != nil && !known(err) {
		say(os.Stderr, "tessera: rank %d on %s: %v", group.Rank(), group.Host(group.Rank()), err)
		group.Abort()
	}
	return errors.Join(err, group.Close())
}

// known tells whether all ranks end with an error, or with another's.
func known(err error) bool {
	return is[*cluster.Agreed](err) || is[*cluster.Elsewhere](err) || is[*cluster.Everywhere](err) || is[*train.DivergedError](err) || errors.Is(err, train.ErrInterrupted)
}

// silent tells whether another rank tells an error.
func silent(err error) bool {
	return is[*cluster.Elsewhere](err) || known(err) && !is[*cluster.Agreed](err) && cluster.Launched().Rank > 0
}

// toldElsewhere tells whether another rank has told what this one met before it joined the others, as rank 0 may have met it too: it has a second for that, and the launcher ends this rank then.
func toldElsewhere(ctx context.Context, err error) bool {
	if known(err) || cluster.Launched().Rank == 0 {
		return false
	}
	select {
	case <-ctx.Done():
		return true
	case <-time.After(time.Second):
		return false
	}
}

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}
