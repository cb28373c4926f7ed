package detect

import (
	"fmt"
	"testing"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

func BenchmarkTail(b *testing.B) {
	for _, c := range []struct {
		y          int
		mean, size float64
	}{{8, 0.2, 5}, {60, 15, 7}, {1000, 300, 9}} {
		b.Run(fmt.Sprintf("%d_of_%g", c.y, c.mean), func(b *testing.B) {
			for b.Loop() {
				tail(c.y, c.mean, c.size)
			}
		})
	}
}

// BenchmarkTick measures one changed series a service, among 1000, some minutes
// after its last report: what a tick of a quiet system is made of.
func BenchmarkTick(b *testing.B) {
	for name, every := range map[string]int{"quiet": 20, "busy": 1} {
		b.Run(name, func(b *testing.B) {
			d, err := New(DefaultConfig())
			if err != nil {
				b.Fatal(err)
			}
			now := time.Date(2025, 3, 5, 12, 0, 0, 0, time.UTC)
			series := make([]outage.Series, 1000)
			for i := range series {
				series[i] = outage.Series{Service: fmt.Sprintf("service-%03d", i), Country: "NL"}
			}
			minute := func() int {
				d.Observe(now, true)
				for i, s := range series {
					if (i+now.Minute())%every == 0 {
						d.Set(s, now, 1+i%3)
					}
				}
				now = now.Add(time.Minute)
				result, err := d.Tick(now, Inputs{LiveSeries: 1_000_000})
				if err != nil {
					b.Fatal(err)
				}
				return result.Evaluated
			}
			for range 180 {
				minute()
			}
			evaluated := 0
			for b.Loop() {
				evaluated += minute()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(evaluated), "ns/series")
		})
	}
}
