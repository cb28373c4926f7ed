package mastodon

// mostKnown is how many posts a Network remembers: at ten a second, those of
// more than an hour.
const mostKnown = 50_000

// known remembers the last posts by the instance's own ids, which deletions name.
// When it is full, each new one takes the place of the oldest.
type known struct {
	ids  map[string]string // local id to that of the post
	ring []string
	next int
}

func newKnown(size int) *known {
	return &known{ids: map[string]string{}, ring: make([]string, 0, size)}
}

func (k *known) id(local string) (string, bool) {
	id, found := k.ids[local]
	return id, found
}

func (k *known) add(local, id string) {
	if _, found := k.ids[local]; found {
		return
	}
	k.ids[local] = id
	if len(k.ring) < cap(k.ring) {
		k.ring = append(k.ring, local)
		return
	}
	delete(k.ids, k.ring[k.next])
	k.ring[k.next] = local
	k.next = (k.next + 1) % len(k.ring)
}
