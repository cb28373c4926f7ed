package detector

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/outcryhq/outcry/pkg/live"
)

// share lists, in rising order, the partitions that owner should have among
// members. Each partition goes to the member with the highest hash of both
// names (rendezvous hashing), so that everybody who sees the same members
// agrees without talking, and a member that comes or goes moves only its own
// share. An owner that is not a member has no share.
func share(members []string, owner string) []int {
	var mine []int
	for p := range live.Partitions {
		if heir(members, p) == owner {
			mine = append(mine, p)
		}
	}
	return mine
}

// heir is the member that should own the partition, "" without members.
func heir(members []string, partition int) string {
	var best string
	var bestWeight uint64
	for _, m := range members {
		w := weight(m, partition)
		if best == "" || w > bestWeight || w == bestWeight && m < best {
			best, bestWeight = m, w
		}
	}
	return best
}

// weight mixes both names well: with a weaker hash, owners whose names differ
// in one character get shares of very different sizes.
func weight(member string, partition int) uint64 {
	sum := sha256.Sum256([]byte(strconv.Itoa(partition) + " " + member))
	return binary.BigEndian.Uint64(sum[:8])
}
