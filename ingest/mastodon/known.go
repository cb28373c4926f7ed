package mastodon

// mostKnown is how many posts a Network remembers: at ten a second, those of
// more than an hour.
const mostKnown = 50_000

// known remembers the instance's own ids of the last posts, so that those before
// a gap are not handed over again. When it is full, each new one takes the place
// of the oldest.
type known struct {
	ids  map[string]struct{}
	ring []string
	next int
}

func newKnown(size int) *known {
	return &known{ids: map[string]struct{}{}, ring: make([]string, 0, size)}
}

func (k *known) has(local string) bool {
	_, found := k.ids[local]
	return found
}

func (k *known) add(local string) {
	if k.has(local) {
		return
	}
	k.ids[local] = struct{}{}
	if len(k.ring) < cap(k.ring) {
		k.ring = append(k.ring, local)
		return
	}
	delete(k.ids, k.ring[k.next])
	k.ring[k.next] = local
	k.next = (k.next + 1) % len(k.ring)
}
