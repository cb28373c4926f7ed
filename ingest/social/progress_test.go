package social

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProgressStaysShortBehindOneStuckReport(t *testing.T) {
	t.Parallel()
	p := newProgress()
	p.advance("0", time.Time{})
	stuck := p.take()
	for n := range 10_000 {
		recorded := p.take()
		p.advance(strconv.Itoa(n+1), time.Time{})
		recorded()
		require.LessOrEqual(t, p.list.Len(), 4)
		require.Equal(t, "0", p.recorded().cursor)
	}
	stuck()
	require.Equal(t, "10000", p.recorded().cursor)
	require.Zero(t, p.list.Len())
}

// TestProgressIsThatOfAPlainList compares with a list that keeps everything.
func TestProgressIsThatOfAPlainList(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a fixed seed
	type step struct {
		cursor string
		done   bool
	}
	for range 300 {
		p := newProgress()
		var steps []*step
		open := map[*step]func(){}
		for n := range 200 {
			switch random.IntN(3) {
			case 0:
				s := &step{}
				steps, open[s] = append(steps, s), p.take()
			case 1:
				steps = append(steps, &step{strconv.Itoa(n + 1), true})
				p.advance(strconv.Itoa(n+1), time.Time{})
			default:
				for _, s := range steps {
					if recorded := open[s]; recorded != nil && random.IntN(2) == 0 {
						recorded()
						s.done = true
						delete(open, s)
						break
					}
				}
			}
			good := ""
			for _, s := range steps {
				if !s.done {
					break
				}
				if s.cursor != "" {
					good = s.cursor
				}
			}
			require.Equal(t, good, p.recorded().cursor)
			require.LessOrEqual(t, p.list.Len(), 2*len(open))
		}
	}
}
