package match

import (
	"bytes"
	"slices"
)

// node is one state of a [trie]; its child for byte c is base+c, if that node's
// check is this state.
type node struct {
	base, check, value int32
}

// trie finds all keys that begin at a position, one array access a byte. It is
// walked from where a word begins, not from every byte, so that unlike an
// automaton with failure links it leaves most of a text unread.
type trie struct {
	nodes []node
}

const (
	freeNode = -1
	rootNode = -2
	noValue  = -1
)

// newTrie makes a trie of keys; the value of each is its index in keys. Keys are
// sorted and differ, and none is empty.
func newTrie(keys [][]byte) *trie {
	b := &trieBuilder{keys: keys}
	b.grow(1024)
	b.nodes[0].check = rootNode
	b.place(0, 0, len(keys), 0)
	// Any byte added to any base stays inside.
	most := int32(0)
	for i, n := range b.nodes {
		if n.check != freeNode {
			most = max(most, n.base, int32(i))
		}
	}
	b.grow(int(most) + 257)
	return &trie{nodes: slices.Clone(b.nodes[:most+257])}
}

type trieBuilder struct {
	keys  [][]byte
	nodes []node
	first int32 // hardly anything below is free
}

func (b *trieBuilder) grow(n int) {
	if len(b.nodes) >= n {
		return
	}
	from := len(b.nodes)
	b.nodes = append(b.nodes, make([]node, max(n-from, from/2))...)
	for i := from; i < len(b.nodes); i++ {
		b.nodes[i] = node{check: freeNode, value: noValue}
	}
}

// place gives the state for the keys from..to, which agree in depth bytes, its
// children.
func (b *trieBuilder) place(state int32, from, to, depth int) {
	if len(b.keys[from]) == depth {
		b.nodes[state].value = int32(from) //nolint:gosec // far below
		from++
	}
	if from == to {
		return
	}
	var labels []byte
	var starts []int
	for i := from; i < to; i++ {
		if c := b.keys[i][depth]; len(labels) == 0 || labels[len(labels)-1] != c {
			labels, starts = append(labels, c), append(starts, i)
		}
	}
	starts = append(starts, to)
	base := b.find(labels)
	b.nodes[state].base = base
	for _, c := range labels {
		b.nodes[base+int32(c)].check = state
	}
	for i, c := range labels {
		b.place(base+int32(c), starts[i], starts[i+1], depth+1)
	}
}

// find looks for a base at which all labels are free. It gives up a stretch once
// that is nearly full: a few holes are cheaper than to look at them again and again.
func (b *trieBuilder) find(labels []byte) int32 {
	from := max(b.first, int32(labels[0])+1)
	taken := int32(0)
	for at := from; ; at++ {
		base := at - int32(labels[0])
		b.grow(int(base) + 257)
		if b.nodes[at].check != freeNode {
			taken++
			continue
		}
		if !slices.ContainsFunc(labels[1:], func(c byte) bool { return b.nodes[base+int32(c)].check != freeNode }) {
			if n := at - from + 1; n > 32 && taken*20 >= n*19 {
				b.first = at
			}
			return base
		}
	}
}

// sortKeys sorts keys and drops what is there twice.
func sortKeys(keys [][]byte) [][]byte {
	slices.SortFunc(keys, bytes.Compare)
	return slices.CompactFunc(keys, bytes.Equal)
}
