package identity

import (
	"context"
	"net/netip"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Who is what the rest of Outcry knows of the sender of a request.
type Who struct {
	// Reporter is the person; Seat, if set, the address that several people
	// with tokens share.
	Reporter, Seat outage.Hash
	// PreviousReporter and PreviousSeat are the same under yesterday's key, set
	// in the first hour of a day only.
	PreviousReporter, PreviousSeat outage.Hash
	// Origin is the neighbourhood: the /24 of an IPv4 address, the /48 of an
	// IPv6 address.
	Origin outage.Hash
}

// Identify says who sends from the address with the token, which is "" or
// whatever the client sent: one that is not ours counts as none. now is the
// caller's clock. The error wraps outage.ErrUnavailable.
func (k *Keys) Identify(ctx context.Context, now time.Time, addr netip.Addr, token string) (Who, error) {
	var who Who
	early := now.Sub(startOf(dayOf(now))) < overlap
	person, origin := Person(addr).As16(), mask(addr, originBits4, originBits6).As16()
	err := k.with(ctx, now, func(today, yesterday *dayKey) {
		random, known := openToken(token, today, yesterday)
		who.Origin = today.root.hash(labelOrigin, origin[:])
		who.Reporter, who.Seat = today.reporter(person, random, known)
		if early {
			who.PreviousReporter, who.PreviousSeat = yesterday.reporter(person, random, known)
		}
	})
	return who, err
}

// reporter hashes the address alone, or the address with a token's random part.
func (d *dayKey) reporter(person [16]byte, random tokenRandom, known bool) (reporter, seat outage.Hash) {
	if !known {
		return d.root.hash(labelReporter, person[:]), outage.Hash{}
	}
	var message [len(person) + len(random)]byte
	copy(message[:], person[:])
	copy(message[len(person):], random[:])
	return d.root.hash(labelReporter, message[:]), d.root.hash(labelSeat, person[:])
}

// Pseudonym names an address under today's key where it has to be named outside
// of this process. It answers false when today's key is not here.
func (k *Keys) Pseudonym(addr netip.Addr) (outage.Hash, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	today := k.byDay[dayOf(k.now())]
	if today == nil {
		return outage.Hash{}, false
	}
	raw := addr.As16()
	return today.root.hash(labelPseudonym, raw[:]), true
}
