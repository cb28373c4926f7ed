package identity

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A stamp is a moment in milliseconds and a 12-byte signature under a sub-key of
// the day's key, in unpadded base64url.
const (
	stampTime  = 8
	stampMAC   = 12
	stampBytes = stampTime + stampMAC
	stampChars = (stampBytes*8 + 5) / 6
)

// Stamp signs the moment now, so that a form can tell later how long it was
// looked at. The error wraps outage.ErrUnavailable.
func (k *Keys) Stamp(ctx context.Context, now time.Time) (string, error) {
	var stamp string
	err := k.with(ctx, now, func(today, _ *dayKey) {
		var raw [stampBytes]byte
		binary.BigEndian.PutUint64(raw[:], uint64(now.UnixMilli()))
		sum := today.stamp.mac(labelStamp, raw[:stampTime])
		copy(raw[stampTime:], sum[:stampMAC])
		stamp = base64.RawURLEncoding.EncodeToString(raw[:])
	})
	return stamp, err
}

// Stamped returns the moment that a stamp was signed at. It answers false for
// one that was not signed today or yesterday. The error wraps outage.ErrUnavailable.
func (k *Keys) Stamped(ctx context.Context, now time.Time, stamp string) (at time.Time, ok bool, err error) {
	var raw [stampBytes]byte
	if len(stamp) != stampChars {
		return at, false, nil
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(raw[:], []byte(stamp)); err != nil {
		return at, false, nil //nolint:nilerr // not one of ours
	}
	err = k.with(ctx, now, func(today, yesterday *dayKey) {
		for _, key := range [...]*dayKey{today, yesterday} {
			if key == nil {
				continue
			}
			sum := key.stamp.mac(labelStamp, raw[:stampTime])
			ok = ok || hmac.Equal(sum[:stampMAC], raw[stampTime:])
		}
	})
	if err != nil || !ok {
		return time.Time{}, false, err
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(raw[:]))).UTC(), true, nil //nolint:gosec // as it was written
}
