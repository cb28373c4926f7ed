// Command measure runs the benchmark of detectors and writes its page and
// pictures.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/outcryhq/outcry/detector/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1) //nolint:gocritic // nothing is deferred that matters
	}
}

func run(ctx context.Context) error {
	dir := flag.String("out", "", "folder for detection.md and its pictures; nothing is written without it")
	quick := flag.Bool("quick", false, "a tenth of the work, without the million series: a look, not a figure")
	offset := flag.Int("seeds", 0, "added to the seeds: 0, or at least 10000 for tuning")
	plan := bench.FullPlan()
	for name, figure := range map[string]*float64{"rho": &plan.Config.Rho, "floor": &plan.Config.Floor, "widening": &plan.Config.Widening} {
		flag.Float64Var(figure, name, *figure, "another "+name+" for Outcry's detector")
	}
	flag.Parse()
	if *quick {
		plan.Tuning, plan.Null, plan.Events, plan.Robust, plan.Million = 2, 2, 2, 1, 0
	}
	if *offset != 0 && *offset < 10_000 {
		return fmt.Errorf("-seeds is %d, want 0, or at least 10000: the worlds of tuning and test must not be the same", *offset)
	}
	plan.Offset = *offset
	began := time.Now()
	plan.Progress = func(done, all int, what string) {
		fmt.Fprintf(os.Stderr, "\r%4d of %d, %s: %-24s", done, all, time.Since(began).Round(time.Second), what)
	}
	results, err := bench.Run(ctx, plan)
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return err
	}
	if *dir != "" {
		for name, write := range map[string]func(io.Writer) error{
			"detection.md": results.Report, "detection-recall.svg": results.Recall, "detection-delay.svg": results.Delay,
		} {
			if err := save(filepath.Join(*dir, name), write); err != nil {
				return err
			}
		}
	}
	return results.Report(os.Stdout)
}

func save(path string, write func(io.Writer) error) (err error) {
	file, err := os.Create(path) //nolint:gosec // the operator's choice
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	return write(file)
}
