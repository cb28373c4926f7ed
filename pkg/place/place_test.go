package place_test

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/place"
)

func open(t testing.TB, cfg place.Config) *place.Locator {
	t.Helper()
	locator, err := place.Open(cfg)
	require.NoError(t, err)
	return locator
}

// The prefixes are the providers' own, as the registries of the regions have
// them; the networks are those that announce them.
func TestLookupFindsProviders(t *testing.T) {
	t.Parallel()
	locator := open(t, place.Config{})
	cases := []struct {
		provider, addr, country string
		network                 uint32
	}{
		{"KPN", "145.53.0.1", "NL", 1136},
		{"KPN", "2a02:a440::1", "NL", 1136},
		{"Ziggo", "84.24.1.1", "NL", 33915},
		{"BT", "81.128.0.1", "GB", 2856},
		{"Proximus", "109.128.0.1", "BE", 5432},
		{"Proximus", "2a02:a03f::1", "BE", 5432},
		{"TM", "175.136.0.1", "MY", 4788},
		{"TM", "2001:e68::1", "MY", 4788},
		{"Maxis", "2001:d08::1", "MY", 9534},
		{"StarHub", "116.86.0.1", "SG", 55430},
		{"StarHub", "2406:3003::1", "SG", 4657},
		{"Telkom Indonesia", "36.68.0.1", "ID", 7713},
		{"Telkomsel", "114.120.0.1", "ID", 23693},
		{"Deutsche Telekom", "91.0.0.1", "DE", 3320},
		{"Deutsche Telekom", "2003::1", "DE", 3320},
		{"Free", "82.64.0.1", "FR", 12322},
		{"Jio", "49.32.0.1", "IN", 55836},
		{"Jio", "2409:4000::1", "IN", 55836},
		{"Claro", "2804:14c::1", "BR", 28573},
		{"MTN", "102.88.0.1", "NG", 29465},
		{"Telstra", "1.128.0.1", "AU", 1221},
		{"WIDE", "2001:200::1", "JP", 2500},
		{"IPv4 written as IPv6", "::ffff:145.53.0.1", "NL", 1136},
		{"with a zone", "2a02:a440::1%eth0", "NL", 1136},
	}
	for _, c := range cases {
		country, network := locator.Lookup(netip.MustParseAddr(c.addr))
		require.Equal(t, c.country, country, "%s %s", c.provider, c.addr)
		require.Equal(t, c.network, network, "%s %s", c.provider, c.addr)
	}
}

func TestLookupOfNobodysAddress(t *testing.T) {
	t.Parallel()
	everywhere := newMMDB().
		with("0.0.0.0/1", map[string]any{"country_code": "NL", "autonomous_system_number": uint32(1)}).
		with("128.0.0.0/1", map[string]any{"country_code": "NL", "autonomous_system_number": uint32(1)}).
		file(t)
	locators := map[string]*place.Locator{
		"embedded":   open(t, place.Config{}),
		"everywhere": open(t, place.Config{CountryPath: everywhere, NetworkPath: everywhere}),
	}
	addrs := []string{
		"0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "169.254.1.1", "172.16.0.1",
		"192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9",
		"224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:10.0.0.1", "::ffff:100.64.0.1", "64:ff9b::1", "100::1", "2001:db8::1", "fc00::1", "fe80::1", "ff02::1",
	}
	for name, locator := range locators {
		for _, addr := range addrs {
			country, network := locator.Lookup(netip.MustParseAddr(addr))
			require.Equal(t, place.Unknown, country, "%s in %s", addr, name)
			require.Zero(t, network, "%s in %s", addr, name)
		}
		country, network := locator.Lookup(netip.Addr{})
		require.Equal(t, place.Unknown, country)
		require.Zero(t, network)
	}
	country, _ := locators["everywhere"].Lookup(netip.MustParseAddr("100.128.0.1"))
	require.Equal(t, "NL", country, "just past carrier NAT")
}

func TestOpenReadsTheOperatorsFiles(t *testing.T) {
	t.Parallel()
	iso := newMMDB().
		with("8.8.8.0/24", map[string]any{"country": map[string]any{"iso_code": "SG", "name": "Singapore"}}).
		with("9.0.0.0/8", map[string]any{"country": map[string]any{"iso_code": "XK"}}). // not an assigned code
		with("11.0.0.0/8", map[string]any{"continent": "EU"})                           // a satellite's: no country
	code := newMMDB().with("8.8.8.0/24", map[string]any{"country_code": "ID"})
	asn := newMMDB().with("8.8.8.0/24", map[string]any{"autonomous_system_number": uint32(4_200_000_000)})

	locator := open(t, place.Config{CountryPath: iso.file(t)})
	for addr, want := range map[string]string{
		"8.8.7.255": "ZZ", "8.8.8.0": "SG", "8.8.8.255": "SG", "8.8.9.0": "ZZ", "9.9.9.9": "ZZ", "11.1.1.1": "ZZ", "2a02:a440::1": "ZZ",
	} {
		country, _ := locator.Lookup(netip.MustParseAddr(addr))
		require.Equal(t, want, country, addr)
	}
	_, network := locator.Lookup(netip.MustParseAddr("8.8.8.8"))
	require.EqualValues(t, 15169, network, "the embedded networks remain")

	locator = open(t, place.Config{CountryPath: code.file(t), NetworkPath: asn.file(t)})
	country, network := locator.Lookup(netip.MustParseAddr("8.8.8.8"))
	require.Equal(t, "ID", country)
	require.EqualValues(t, 4_200_000_000, network)
}

// A file that an operator replaces while it is in use must not disturb anybody.
func TestLookupOutlivesTheFile(t *testing.T) {
	t.Parallel()
	path := newMMDB().with("8.8.8.0/24", map[string]any{"country_code": "ID"}).file(t)
	locator := open(t, place.Config{CountryPath: path})
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	country, _ := locator.Lookup(netip.MustParseAddr("8.8.8.8"))
	require.Equal(t, "ID", country)

	newMMDB := newMMDB().with("8.8.8.0/24", map[string]any{"country_code": "MY"})
	require.NoError(t, os.WriteFile(path, newMMDB.bytes(), 0o600))
	country, _ = open(t, place.Config{CountryPath: path}).Lookup(netip.MustParseAddr("8.8.8.8"))
	require.Equal(t, "MY", country)
}

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	good := newMMDB().with("8.8.8.0/24", map[string]any{"country_code": "ID"})
	networks := newMMDB().with("8.8.8.0/24", map[string]any{"autonomous_system_number": uint32(1)})
	whole := good.bytes()
	damaged := append([]byte(nil), whole...)
	damaged[3] = 0xff // the root's left side leads out of the file

	const country = "country.iso_code or country_code"
	cases := map[string]struct {
		cfg  place.Config
		want []string
	}{
		"no such file":       {place.Config{CountryPath: filepath.Join(t.TempDir(), "none.mmdb")}, []string{"country data", "none.mmdb", "no such file"}},
		"a directory":        {place.Config{CountryPath: t.TempDir()}, []string{"country data", "is a directory"}},
		"empty":              {place.Config{CountryPath: fileOf(t, nil)}, []string{"test.mmdb", "not a MaxMind DB", country}},
		"another format":     {place.Config{CountryPath: fileOf(t, []byte("1.0.0.0,1.0.0.255,AU\n"))}, []string{"not a MaxMind DB", country}},
		"cut short":          {place.Config{CountryPath: fileOf(t, whole[:len(whole)/2])}, []string{"not a MaxMind DB", country}},
		"damaged":            {place.Config{CountryPath: fileOf(t, damaged)}, []string{country}},
		"networks for lands": {place.Config{CountryPath: networks.file(t)}, []string{"country data", country, "none has"}},
		"lands for networks": {place.Config{NetworkPath: good.file(t)}, []string{"network data", "autonomous_system_number", "none has"}},
		"another type": {
			place.Config{NetworkPath: newMMDB().with("8.8.8.0/24", map[string]any{"autonomous_system_number": "AS1"}).file(t)},
			[]string{"network data", "8.8.8.0/24", "autonomous_system_number"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			locator, err := place.Open(c.cfg)
			require.Nil(t, locator)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestLookupAllocatesNothing(t *testing.T) { //nolint:paralleltest // counts the whole process's allocations
	locator := open(t, place.Config{})
	v4, v6 := netip.MustParseAddr("::ffff:145.53.0.1"), netip.MustParseAddr("2a02:a440::1")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		locator.Lookup(v4)
		locator.Lookup(v6)
	}))
}

func FuzzLookup(f *testing.F) {
	locator := open(f, place.Config{})
	for _, seed := range []string{"145.53.0.1", "2a02:a440::1", "::ffff:8.8.8.8", "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::"} {
		f.Add(netip.MustParseAddr(seed).AsSlice())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		addr, _ := netip.AddrFromSlice(raw)
		country, network := locator.Lookup(addr)
		require.True(t, place.Valid(country), "%s is in %q", addr, country)
		if !addr.Unmap().IsGlobalUnicast() {
			require.Equal(t, place.Unknown, country)
			require.Zero(t, network)
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	locator := open(b, place.Config{})
	random := rand.New(rand.NewPCG(1, 2))
	addrs := make([]netip.Addr, 4096)
	for i := range addrs {
		raw := [16]byte{0x2a, 0x02}
		for j := 2; j < 16; j++ {
			raw[j] = byte(random.Uint32())
		}
		addrs[i] = netip.AddrFrom16(raw)
		if i%2 == 0 {
			addrs[i] = netip.AddrFrom4([4]byte(raw[8:12]))
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		locator.Lookup(addrs[i%len(addrs)])
	}
}

func BenchmarkOpen(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		open(b, place.Config{})
	}
}
