package social

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
)

func seenID(n int) outage.ID { return outage.DeriveID(strconv.Itoa(n)) }

func TestSeenForgetsTheOldestAlone(t *testing.T) {
	t.Parallel()
	s := newSeen(4)
	require.True(t, s.add(seenID(1)))
	s.remove(seenID(1)) // it was not taken, and comes again later
	for n := 2; n <= 4; n++ {
		require.True(t, s.add(seenID(n)))
	}
	require.True(t, s.add(seenID(1)), "in the place of its first coming")
	require.True(t, s.add(seenID(5)), "in the place of the oldest")
	require.False(t, s.add(seenID(1)), "it came second to last")
	require.False(t, s.has(seenID(2)))
	for n := 3; n <= 5; n++ {
		require.True(t, s.has(seenID(n)), n)
	}
	require.LessOrEqual(t, len(s.known), 4)
}
