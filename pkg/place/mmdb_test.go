package place_test

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// mmdb is a MaxMind DB in the making: IPv4, 32-bit records. It writes as much of
// the format (maxmind.github.io/MaxMind-DB) as the tests need: maps, strings, numbers.
type mmdb struct {
	nodes [][2]uint32 // 0 is nothing, below leaf another node, else leaf + offset of a record
	data  []byte
}

const (
	leaf    = 1 << 24
	tString = 2
	tUint32 = 6
	tMap    = 7
)

func newMMDB() *mmdb { return &mmdb{nodes: make([][2]uint32, 1)} }

// with adds a record for a prefix.
func (m *mmdb) with(prefix string, record map[string]any) *mmdb {
	p := netip.MustParsePrefix(prefix)
	raw := p.Addr().As4()
	bits := binary.BigEndian.Uint32(raw[:])
	node := uint32(0)
	for i := range p.Bits() {
		side := bits >> (31 - i) & 1
		if i == p.Bits()-1 {
			m.nodes[node][side] = leaf + uint32(len(m.data))
			break
		}
		if m.nodes[node][side] == 0 {
			m.nodes = append(m.nodes, [2]uint32{})
			m.nodes[node][side] = uint32(len(m.nodes) - 1)
		}
		node = m.nodes[node][side]
	}
	m.data = appendValue(m.data, record)
	return m
}

// bytes returns the file.
func (m *mmdb) bytes() []byte {
	count := uint32(len(m.nodes))
	var file []byte
	for _, node := range m.nodes {
		for _, to := range node {
			switch {
			case to == 0:
				to = count
			case to >= leaf:
				to = to - leaf + count + 16
			}
			file = binary.BigEndian.AppendUint32(file, to)
		}
	}
	file = append(file, make([]byte, 16)...)
	file = append(file, m.data...)
	file = append(file, "\xab\xcd\xefMaxMind.com"...)
	return appendValue(file, map[string]any{
		"binary_format_major_version": uint32(2), "binary_format_minor_version": uint32(0),
		"build_epoch": uint32(1), "database_type": "Test", "ip_version": uint32(4),
		"node_count": count, "record_size": uint32(32),
	})
}

// file writes the file into a directory of the test's and returns its path.
func (m *mmdb) file(t *testing.T) string {
	t.Helper()
	return fileOf(t, m.bytes())
}

func fileOf(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.mmdb")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func appendValue(to []byte, value any) []byte {
	switch value := value.(type) {
	case string:
		if len(value) >= 29 { // the next byte holds what is over 29
			return append(append(to, tString<<5|29, byte(len(value)-29)), value...)
		}
		return append(append(to, tString<<5|byte(len(value))), value...)
	case uint32:
		return binary.BigEndian.AppendUint32(append(to, tUint32<<5|4), value)
	case map[string]any:
		to = append(to, tMap<<5|byte(len(value)))
		for _, key := range slices.Sorted(maps.Keys(value)) {
			to = appendValue(appendValue(to, key), value[key])
		}
		return to
	default:
		panic("not a value of these tests")
	}
}
