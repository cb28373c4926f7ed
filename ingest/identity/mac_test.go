package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMacIsHMAC(t *testing.T) {
	t.Parallel()
	var key secret
	for i := range key {
		key[i] = byte(7 * i)
	}
	message := []byte("0123456789abcdef0123456789abcdef")
	for n := range len(message) + 1 {
		reference := hmac.New(sha256.New, key[:])
		_, _ = reference.Write([]byte{labelSeat})
		_, _ = reference.Write(message[:n])
		sum := key.mac(labelSeat, message[:n])
		require.Equal(t, reference.Sum(nil), sum[:])
	}
}

func TestWipeLeavesNothing(t *testing.T) {
	t.Parallel()
	key := newDayKey([]byte("0123456789abcdef0123456789abcdef"))
	key.wipe()
	require.Equal(t, dayKey{}, *key)
}

func FuzzToken(f *testing.F) {
	today, yesterday := newDayKey(make([]byte, keySize)), newDayKey([]byte("0123456789abcdef0123456789abcdef"))
	f.Add(today.sealToken(tokenRandom{1}))
	f.Add(yesterday.sealToken(tokenRandom{2}))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		random, known := openToken(text, today, yesterday)
		if !known {
			require.Zero(t, random)
			return
		}
		require.Contains(t, []string{today.sealToken(random), yesterday.sealToken(random)}, text)
	})
}

func BenchmarkIdentify(b *testing.B) {
	key := newDayKey(make([]byte, keySize))
	addr := netip.MustParseAddr("192.0.2.7")
	b.ReportAllocs()
	for b.Loop() {
		person, origin := Person(addr).As16(), mask(addr, originBits4, originBits6).As16()
		key.root.hash(labelOrigin, origin[:])
		key.reporter(person, tokenRandom{}, false)
	}
}
