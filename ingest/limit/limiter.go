package limit

import (
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Scope says which limit refused.
type Scope string

// The limits.
const (
	ByAddress      Scope = "address"
	ByNetwork      Scope = "network"
	ByInstallation Scope = "installation"
)

// Rate is a token bucket: PerSecond for good, Burst at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Validate refuses a rate that no bucket can hold, as New does.
func (r Rate) Validate() error {
	_, err := newBucket(r)
	return err
}

// Rates are the three limits.
type Rates struct {
	Address      Rate
	Network      Rate // of one service
	Installation Rate
}

// DefaultRates returns the limits that suit a public installation.
//
// An address: a carrier's NAT with ten thousand people behind it, of whom one in a
// hundred complains within a minute, sends under 2 a second. A network: at the
// worst hours that are known, a service has had some 10,000 reports a minute in
// the whole world; the largest network may have six times that by itself. The
// installation: about what one process can record.
func DefaultRates() Rates {
	return Rates{
		Address:      Rate{PerSecond: 5, Burst: 100},
		Network:      Rate{PerSecond: 1000, Burst: 10_000},
		Installation: Rate{PerSecond: 50_000, Burst: 100_000},
	}
}

// Config is what a Limiter needs.
type Config struct {
	Rates  Rates
	Now    func() time.Time
	Logger *slog.Logger
	// Entries is about how many addresses and networks are remembered, at 24
	// bytes each; 0 means 131,072. When there are more, those that have spent the least
	// are forgotten first.
	Entries int

	// Redis, if set, is where processes share the limits, under keys that
	// begin with Prefix. Pseudonym, required then, names an address for
	// everybody who shares.
	Redis     redis.UniversalClient
	Prefix    string
	Pseudonym func(netip.Addr) (outage.Hash, bool)
}

// Limiter decides whether one more report may be taken. It may be used by many
// goroutines at once.
type Limiter struct {
	now   func() time.Time
	start time.Time // times are kept as durations since, so that steps of the wall clock do not matter
	seed  maphash.Seed

	address, network, installation bucket
	table                          *table
	total                          single
	shared                         *sharing // nil without Redis
}

// Refused is the error of a report over a limit. It wraps outage.ErrLimited.
type Refused struct {
	By Scope
	// After is how long to wait before one more report is taken.
	After time.Duration
}

// Error names the limit and the wait.
func (r *Refused) Error() string {
	return fmt.Sprintf("over the limit by %s for another %s", r.By, r.After)
}

// Unwrap gives outage.ErrLimited.
func (r *Refused) Unwrap() error { return outage.ErrLimited }

const defaultEntries = 1 << 17

// New returns a Limiter with full buckets.
func New(config Config) (*Limiter, error) {
	if config.Now == nil || config.Logger == nil {
		return nil, errors.New("limit: clock and logger are required")
	}
	if config.Redis != nil && config.Pseudonym == nil {
		return nil, errors.New("limit: Redis needs a pseudonym for addresses")
	}
	l := &Limiter{now: config.Now, start: config.Now(), seed: maphash.MakeSeed()}
	var err error
	for _, b := range []struct {
		scope  Scope
		rate   Rate
		bucket *bucket
	}{
		{ByAddress, config.Rates.Address, &l.address},
		{ByNetwork, config.Rates.Network, &l.network},
		{ByInstallation, config.Rates.Installation, &l.installation},
	} {
		if *b.bucket, err = newBucket(b.rate); err != nil {
			return nil, fmt.Errorf("limit: by %s: %w", b.scope, err)
		}
	}
	entries := config.Entries
	if entries == 0 {
		entries = defaultEntries
	}
	if l.table, err = newTable(entries); err != nil {
		return nil, fmt.Errorf("limit: %w", err)
	}
	if config.Redis != nil {
		l.shared = newSharing(l, config)
	}
	return l, nil
}

// key names a bucket.
type key struct {
	scope   Scope
	addr    netip.Addr // the zero Addr for a known network
	network uint32
	service string
}

// Allow takes one token from each bucket that the report falls into. The error is nil or a *Refused
// for the first bucket that has none left; then those asked before have been charged.
//
// The network is an AS number. If it is 0, unknown, the address's /16 (IPv6: /32) stands in
// for it, about the size that providers are given: all unknown networks
// together are not one.
func (l *Limiter) Allow(addr netip.Addr, network uint32, service string) error {
	now := l.now().Sub(l.start)
	if err := l.spend(now, key{scope: ByAddress, addr: prefix(addr, 32, 64)}, &l.address); err != nil {
		return err
	}
	k := key{scope: ByNetwork, network: network, service: service}
	if network == 0 {
		k.addr = prefix(addr, 16, 32)
	}
	if err := l.spend(now, k, &l.network); err != nil {
		return err
	}
	after, due := l.total.spend(now, &l.installation)
	if after > 0 {
		return &Refused{By: ByInstallation, After: after}
	}
	l.report(key{scope: ByInstallation}, due)
	return nil
}

func (l *Limiter) spend(now time.Duration, k key, b *bucket) error {
	after, due := l.table.spend(maphash.Comparable(l.seed, k), now, b)
	if after > 0 {
		return &Refused{By: k.scope, After: after}
	}
	l.report(k, due)
	return nil
}

func (l *Limiter) report(k key, spent int) {
	if spent > 0 && l.shared != nil {
		l.shared.add(k, spent)
	}
}

// charge holds a bucket back that others have emptied.
func (l *Limiter) charge(k key, overdraft int) {
	now := l.now().Sub(l.start)
	if k.scope == ByInstallation {
		l.total.charge(now, &l.installation, overdraft)
		return
	}
	l.table.charge(maphash.Comparable(l.seed, k), now, l.bucketOf(k.scope), overdraft)
}

func (l *Limiter) bucketOf(scope Scope) *bucket {
	switch scope {
	case ByAddress:
		return &l.address
	case ByNetwork:
		return &l.network
	case ByInstallation:
	}
	return &l.installation
}

func prefix(addr netip.Addr, bits4, bits6 int) netip.Addr {
	addr = addr.Unmap().WithZone("")
	bits := bits6
	if addr.Is4() {
		bits = bits4
	}
	p, err := addr.Prefix(bits)
	if err != nil || !addr.IsValid() {
		return netip.IPv6Unspecified()
	}
	return p.Addr()
}
