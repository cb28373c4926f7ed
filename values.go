package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// days is a duration that may be written in whole days: 30d, 720h.
type days time.Duration

// String implements pflag.Value.
func (d *days) String() string {
	v := time.Duration(*d)
	if v%day == 0 {
		return strconv.FormatInt(int64(v/day), 10) + "d"
	}
	return v.String()
}

// Set implements pflag.Value.
func (d *days) Set(s string) error {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		count, err := strconv.ParseUint(n, 10, 16)
		if err != nil {
			return fmt.Errorf("%q is not a number of days such as 30d, or hours such as 720h", s)
		}
		*d = days(time.Duration(count) * day)
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is not a number of days such as 30d, or hours such as 720h", s)
	}
	*d = days(v)
	return nil
}

// Type implements pflag.Value.
func (*days) Type() string { return "duration" }

// byteSize is a number of bytes: 1048576, 512MiB, 4GiB.
type byteSize int64

// byteUnits are the binary units, largest first.
func byteUnits() []struct {
	suffix string
	shift  int
} {
	return []struct {
		suffix string
		shift  int
	}{{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}}
}

// String implements pflag.Value.
func (b *byteSize) String() string {
	for _, unit := range byteUnits() {
		if v := int64(*b); v > 0 && v%(1<<unit.shift) == 0 {
			return strconv.FormatInt(v>>unit.shift, 10) + unit.suffix
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Set implements pflag.Value.
func (b *byteSize) Set(s string) error {
	number, shift := s, 0
	for _, unit := range byteUnits() {
		if n, ok := strings.CutSuffix(s, unit.suffix); ok {
			number, shift = n, unit.shift
			break
		}
	}
	v, err := strconv.ParseInt(number, 10, 64)
	if err != nil || v <= 0 || v > math.MaxInt64>>shift {
		return fmt.Errorf("%q is not a size such as 1073741824, 512MiB or 4GiB", s)
	}
	*b = byteSize(v << shift)
	return nil
}

// Type implements pflag.Value.
func (*byteSize) Type() string { return "size" }

// rateLimit is a token bucket: PerSecond tokens a second, Burst at most.
type rateLimit struct {
	PerSecond float64
	Burst     int
}

// String implements pflag.Value.
func (r *rateLimit) String() string {
	return strconv.FormatFloat(r.PerSecond, 'g', -1, 64) + "/" + strconv.Itoa(r.Burst)
}

// Set implements pflag.Value.
func (r *rateLimit) Set(s string) error {
	rate, burst, ok := strings.Cut(s, "/")
	perSecond, err := strconv.ParseFloat(rate, 64)
	n, errBurst := strconv.Atoi(burst)
	if !ok || err != nil || errBurst != nil || !(perSecond > 0) || perSecond > 1e9 || n < 1 {
		return fmt.Errorf("%q is not a rate a second and a burst, such as 5/60", s)
	}
	*r = rateLimit{PerSecond: perSecond, Burst: n}
	return nil
}

// Type implements pflag.Value.
func (*rateLimit) Type() string { return "rate/burst" }

// optionalRate is a rate limit that may be off: 0.
type optionalRate rateLimit

// String implements pflag.Value.
func (r *optionalRate) String() string {
	if *r == (optionalRate{}) {
		return "0"
	}
	return (*rateLimit)(r).String()
}

// Set implements pflag.Value.
func (r *optionalRate) Set(s string) error {
	if s == "0" {
		*r = optionalRate{}
		return nil
	}
	if err := (*rateLimit)(r).Set(s); err != nil {
		return fmt.Errorf("%w, or 0 for no limit", err)
	}
	return nil
}

// Type implements pflag.Value.
func (*optionalRate) Type() string { return "rate/burst" }

// instant is a moment as RFC 3339 writes it.
type instant struct{ time.Time }

// String implements pflag.Value.
func (i *instant) String() string {
	if i.IsZero() {
		return ""
	}
	return i.UTC().Format(time.RFC3339)
}

// Set implements pflag.Value.
func (i *instant) Set(s string) error {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return fmt.Errorf("%q is not a time such as 2017-11-03T08:00:00Z", s)
	}
	i.Time = t
	return nil
}

// Type implements pflag.Value.
func (*instant) Type() string { return "time" }
