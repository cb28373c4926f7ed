package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"io"
	"time"
)

// A token is 16 random bytes and a 16-byte signature under a sub-key of the
// day's key, in unpadded base64url. It is good for the day that it was signed on and
// the next.
const (
	tokenMAC   = 16
	tokenBytes = len(tokenRandom{}) + tokenMAC
	tokenChars = (tokenBytes*8 + 5) / 6
)

// TokenLife is how long a token can be good for at most.
const TokenLife = 2 * day

type tokenRandom [16]byte

// openToken returns the random part of a token that was signed today or yesterday.
func openToken(token string, today, yesterday *dayKey) (random tokenRandom, known bool) {
	if len(token) != tokenChars {
		return random, false
	}
	var text [tokenChars]byte
	var raw [tokenBytes]byte
	copy(text[:], token)
	if _, err := base64.RawURLEncoding.Strict().Decode(raw[:], text[:]); err != nil {
		return random, false
	}
	copy(random[:], raw[:])
	for _, key := range [...]*dayKey{today, yesterday} {
		if key == nil {
			continue
		}
		sum := key.token.mac(labelToken, random[:])
		if hmac.Equal(sum[:tokenMAC], raw[len(random):]) {
			return random, true
		}
	}
	return tokenRandom{}, false
}

func (d *dayKey) sealToken(random tokenRandom) string {
	sum := d.token.mac(labelToken, random[:])
	var raw [tokenBytes]byte
	copy(raw[:], random[:])
	copy(raw[len(random):], sum[:tokenMAC])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// IssueToken returns a token signed today: for the person that the current
// token names, or for somebody new if that is "" or not ours. The error wraps
// outage.ErrUnavailable.
func (k *Keys) IssueToken(ctx context.Context, now time.Time, current string) (string, error) {
	var token string
	err := k.with(ctx, now, func(today, yesterday *dayKey) {
		random, known := openToken(current, today, yesterday)
		if !known {
			// crypto/rand never fails: it ends the process instead.
			_, _ = io.ReadFull(rand.Reader, random[:])
		}
		token = today.sealToken(random)
	})
	return token, err
}
