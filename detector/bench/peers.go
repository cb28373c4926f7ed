package bench

import "time"

// Series is what a peer sees of one country series of one service.
type Series struct {
	Counts []uint16  // distinct reporters a minute, from Start
	Start  time.Time // a whole UTC hour
	Warmup int       // minutes of history before the first minute that is scored; a multiple of a week
}

// Peer is a usual method. Score writes a statistic for each minute of the series
// into out (as long as Counts), computed from that minute and earlier ones only;
// the larger, the more abnormal; an alarm is a statistic at or above the peer's
// threshold, which the benchmark sets on outage-free data. Minutes before Warmup
// are left 0.
type Peer struct {
	Name  string
	About string // one line for the table's notes: formula and source
	Score func(s *Series, out []float32)
}

// Peers returns the peers in the order of the table. Each is meant to be as good as
// its users make it: where the textbook divides by next to nothing in a quiet
// series, there is a lower bound. Score may be called concurrently.
func Peers() []Peer {
	return []Peer{
		{
			Name:  "ratio to baseline, ≥ 20 in 15 min",
			About: "y₁₅ / (Σλ + 1) where y₁₅ ≥ 20; λ is the plain seasonal baseline of four weeks. The rule of status sites.",
			Score: scoreRatio,
		},
		{
			Name:  "EARS C2 on 15 min",
			About: "(y₁₅ − mean) / sd of the seven quarters of an hour that end two before, sliding by the minute, sd² with mean + 1 added; Hutwagner et al. 2003.",
			Score: scoreEARS,
		},
		{
			Name:  "seasonal z-score, 5 min",
			About: "(y₅ − mean) / sd of y₅ in the same hour of the week in the four weeks before, sd² with mean + 1 added.",
			Score: scoreSeasonal,
		},
		{
			Name:  "Prometheus-style z-score over a week",
			About: "(rate[5m] − avg_over_time[1w]) / stddev_over_time[1w], sd² with that of one report in 5 min added; as published by GitLab in 2019.",
			Score: scorePrometheus,
		},
		{
			Name:  "NB tail, H0 = baseline",
			About: "max over 1, 2, 5, 15, 60 min of −ln P(NB(Σλ, r) ≥ y) − ln 5, r = 1/(φ + 1/(C+20)).",
			Score: tailScore{rho: 1}.score,
		},
		{
			Name:  "NB tail, 2·baseline",
			About: "the same with mean 2·Σλ.",
			Score: tailScore{rho: 2}.score,
		},
		{
			Name:  "NB tail, 1.5·baseline + floor",
			About: "the same with mean 1.5·Σλ + .2·√w: Outcry's score alone, on the plain baseline.",
			Score: tailScore{rho: 1.5, floor: .2}.score,
		},
		{
			Name:  "NB e-Shiryaev-Roberts mixture, 3·baseline + .05",
			About: "ln of the mean of R = (1 + R)·LR over rates of 2, 4, 10, 33 and 100 times H0 = 3λ + .05, restarted when the last hour is back at Σλ; Shin, Ramdas and Rinaldo, e-detectors.",
			Score: shiryaevRoberts{rho: 3, floor: .05}.score,
		},
		{
			Name:  "NB e-Shiryaev-Roberts mixture, 2·baseline + .05",
			About: "the same against 2λ + .05.",
			Score: shiryaevRoberts{rho: 2, floor: .05}.score,
		},
		{
			Name:  "NB CUSUM, H0 = baseline",
			About: "S = max(0, S + ln LR of a threefold rise against λ), restarted when the last hour is back at Σλ; Höhle and Paul 2008.",
			Score: cusum{rho: 1}.score,
		},
		{
			Name:  "NB CUSUM, 2·baseline + .05",
			About: "the same against 2λ + .05.",
			Score: cusum{rho: 2, floor: .05}.score,
		},
	}
}
