package main

import (
	"context"
	"os"
	"os/signal"
)

// untilTold returns a context that ends when the process is told to end. A second Ctrl-C ends it at once; the other signals may come more than once, for launchers below
// one another each pass on what they get.
func untilTold() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	told := make(chan os.Signal, 1)
	signal.Notify(told, toldBy...)
	go func() {
		<-told
		cancel()
		signal.Reset(os.Interrupt)
	}()
	return ctx, func() { signal.Stop(told); cancel() }
}
