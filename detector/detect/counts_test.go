package detect

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// plain is what counts should be.
type plain map[minute]int32

func (p plain) entries() []minuteCount {
	var all []minuteCount
	for _, at := range slices.Sorted(maps.Keys(p)) {
		if p[at] != 0 {
			all = append(all, minuteCount{at, p[at]})
		}
	}
	return all
}

func (p plain) sum(first, last minute) int {
	var sum int
	for at, n := range p {
		if first <= at && at <= last {
			sum += int(n)
		}
	}
	return sum
}

func TestCountsAreWhatWasSet(t *testing.T) {
	t.Parallel()
	const begin minute = 29_000_000
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same every time
		within := minute(10) << (seed % 13)
		most := []int{2, 13, 300, 70_000, 1 << 30}[seed%5]
		var c counts
		want := plain{}
		for range 400 {
			at, n := begin+minute(random.IntN(int(within))), int32(random.IntN(most)) //nolint:gosec // small
			switch random.IntN(4) {
			case 0:
				differences := []minuteCount{{at, n - want[at]}, {begin + within, 1}, {at - 3, 2}, {at - 3, -1}}
				want[at], want[begin+within], want[at-3] = n, want[begin+within]+1, want[at-3]+1
				c.add(differences)
			default:
				require.Equal(t, want[at], c.set(at, n))
				want[at] = n
			}
			first := begin + minute(random.IntN(int(within)))
			last := first + minute(random.IntN(200))
			require.Equal(t, want.sum(first, last), c.sum(first, last))
			for i, n := range c.hourly(first, first+180) {
				begins := first + minute(i)*60
				require.Equal(t, want.sum(begins, begins+59), n)
			}
			sums := c.sums(first, last)
			for i, w := range windows {
				require.Equal(t, want.sum(max(first, last-w.minutes+1), last), sums[i])
			}
		}
		require.Equal(t, want.entries(), c.between(0, begin+2*within))
		require.Equal(t, want.entries()[0].at, c.first)
		require.Equal(t, begin+within, c.last)
		requirePruned(t, c, want)
	}
}

func requirePruned(t *testing.T, c counts, want plain) {
	t.Helper()
	all := want.entries()
	for _, older := range []int{0, len(all) / 8, len(all)/8 + 1, len(all) - 1} {
		pruned := c
		pruned.prune(all[older].at)
		left := all
		if older > len(all)/8 {
			left = all[older:]
		}
		require.Equal(t, left, pruned.between(0, c.last))
		require.Equal(t, left[0].at, pruned.first)
	}
	c.prune(all[len(all)-1].at + 1)
	require.True(t, c.empty())
	require.Zero(t, c.sum(0, 1<<31-1))
}

func TestCountsOfAQuietSeriesTakeTwoBytesEach(t *testing.T) {
	t.Parallel()
	var c counts
	for at := minute(29_000_000); at < 29_000_000+kept; at += 300 {
		c.set(at, 1)
	}
	require.Len(t, c.packed, 1+2*9)
	require.LessOrEqual(t, cap(c.packed), 32)
}

func TestCountsOfABusySeriesTakeAByteEach(t *testing.T) {
	t.Parallel()
	var c counts
	for at := range kept {
		c.set(29_000_000+at, 1+int32(at%12))
	}
	require.Len(t, c.packed, int(kept))
	require.LessOrEqual(t, cap(c.packed), int(kept)*9/8+8)
}
