package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// stopWithin bounds a graceful stop: what has not ended by then is given up.
const stopWithin = 25 * time.Second

var errStopTimeout = errors.New("did not stop in time")

// component is a part of the process that runs until its context ends.
type component struct {
	name string
	run  func(context.Context) error
}

// running is a component that was started.
type running struct {
	component
	cancel context.CancelFunc
	done   chan error
}

// runAll starts the components in their order and stops them in the reverse
// one, each only when those after it have ended: HTTP before the pipeline that
// it feeds, the pipeline before the stores. It returns when ctx ends, or when
// one component ends by itself, which is a failure.
func runAll(ctx context.Context, components []component) error {
	failed := make(chan error, len(components))
	started := make([]running, 0, len(components))
	for _, c := range components {
		// Each has its own end: that of the process must not reach all at once.
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		r := running{component: c, cancel: cancel, done: make(chan error, 1)}
		started = append(started, r)
		go func() {
			err := r.run(own)
			if own.Err() == nil {
				if err == nil {
					err = errors.New("ended unasked")
				}
				failed <- fmt.Errorf("%s: %w", r.name, err)
				err = nil // said already
			}
			r.done <- err
		}()
	}

	var errs []error
	select {
	case <-ctx.Done():
	case err := <-failed:
		errs = append(errs, err)
	}
	return errors.Join(append(errs, stopAll(started)...)...)
}

func stopAll(started []running) []error {
	var errs []error
	giveUp := time.NewTimer(stopWithin)
	defer giveUp.Stop()
	late := false
	for _, r := range slices.Backward(started) {
		r.cancel()
		if late {
			continue
		}
		select {
		case err := <-r.done:
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", r.name, err))
			}
		case <-giveUp.C:
			late = true
			errs = append(errs, fmt.Errorf("%s: %w", r.name, errStopTimeout))
		}
	}
	return errs
}

// cleanups closes what was opened, last first, and joins what goes wrong.
type cleanups []func() error

func (c *cleanups) add(name string, closer func() error) {
	*c = append(*c, func() error {
		if err := closer(); err != nil {
			return fmt.Errorf("close %s: %w", name, err)
		}
		return nil
	})
}

func (c *cleanups) run() error {
	var errs []error
	for _, clean := range slices.Backward(*c) {
		errs = append(errs, clean())
	}
	*c = nil
	return errors.Join(errs...)
}
