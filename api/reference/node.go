package reference

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/goccy/go-yaml"
)

// node is a value of the description; what is not there is a node with nothing in it.
type node struct{ v any }

func (n node) get(name string) node {
	for key, value := range n.members() {
		if key == name {
			return value
		}
	}
	return node{}
}

// members are those of an object, in its order.
func (n node) members() iter.Seq2[string, node] {
	return func(yield func(string, node) bool) {
		members, _ := n.v.(yaml.MapSlice) // nothing else has any
		for _, member := range members {
			if !yield(fmt.Sprint(member.Key), node{member.Value}) {
				return
			}
		}
	}
}

func (n node) items() []node {
	values, _ := n.v.([]any) // nothing else has any
	items := make([]node, len(values))
	for i, value := range values {
		items[i] = node{value}
	}
	return items
}

// first is the first item as text.
func (n node) first() string {
	if items := n.items(); len(items) > 0 {
		return items[0].text()
	}
	return ""
}

// text is a scalar as text, "" for everything else.
func (n node) text() string {
	switch n.v.(type) {
	case nil, yaml.MapSlice, []any:
		return ""
	}
	return fmt.Sprint(n.v)
}

// MarshalJSON writes objects in their order.
func (n node) MarshalJSON() ([]byte, error) {
	if inner, ok := n.v.(node); ok {
		return inner.MarshalJSON()
	}
	members, ok := n.v.(yaml.MapSlice)
	if !ok {
		text, err := json.Marshal(n.v)
		if err != nil {
			return nil, fmt.Errorf("example: %w", err)
		}
		return text, nil
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, member := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := node{member.Value}.MarshalJSON()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", fmt.Sprint(member.Key), value)
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

func compact(n node) string {
	text, err := json.Marshal(n)
	if err != nil {
		return ""
	}
	return string(text)
}

func indented(n node) string {
	text, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}
