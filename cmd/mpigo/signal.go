package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// passSignals runs cmd, and hands on the signals that are to end it. The
// launcher ends the ranks, and mpigo then cleans up behind it.
func passSignals(cmd *exec.Cmd) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, os.Interrupt)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				// A terminal sends its interrupt to the whole group.
				if s != os.Interrupt {
					_ = cmd.Process.Signal(s)
				}
			case <-ended:
				return
			}
		}
	}()
	err := cmd.Wait()
	close(ended)
	return err
}
