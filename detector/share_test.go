package detector

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
)

func TestShareDividesAllPartitions(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 8; n++ {
		members := make([]string, n)
		for i := range members {
			members[i] = "detector-" + strconv.Itoa(i)
		}
		owned := map[int]int{}
		for _, m := range members {
			mine := share(members, m)
			require.IsIncreasing(t, append([]int{-1}, mine...))
			require.NotEmpty(t, mine)
			require.Less(t, len(mine), 2*live.Partitions/n+1, "no share is more than twice the mean")
			for _, p := range mine {
				owned[p]++
			}
		}
		require.Len(t, owned, live.Partitions)
		for p, times := range owned {
			require.Equal(t, 1, times, "partition %d", p)
		}
	}
}

func TestShareMovesOnlyWhatItMust(t *testing.T) {
	t.Parallel()
	before := []string{"a", "b", "c"}
	after := []string{"a", "c"}
	require.Empty(t, share(after, "b"))
	require.Empty(t, share(nil, "a"))
	for _, m := range after {
		require.Subset(t, share(after, m), share(before, m), "nobody loses when another leaves")
	}
}
