package identity

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Account says who is behind an account of a source, whatever network address it
// uses: the account is the reporter, and the origin as well, for two accounts are
// independent. now is the caller's clock. The error wraps outage.ErrUnavailable.
func (k *Keys) Account(ctx context.Context, now time.Time, source outage.Source, account string) (Who, error) {
	// A digest has the length that a message of mac may have. No source has a zero byte.
	message := sha256.Sum256([]byte(string(source) + "\x00" + account))
	var who Who
	early := now.Sub(startOf(dayOf(now))) < overlap
	err := k.with(ctx, now, func(today, yesterday *dayKey) {
		who.Reporter = today.root.hash(labelAccount, message[:])
		who.Origin = who.Reporter
		if early {
			who.PreviousReporter = yesterday.root.hash(labelAccount, message[:])
		}
	})
	return who, err
}
