// Package baseline holds what is usual: how many distinct reporters a minute to
// expect of a series at an hour of the week, local to its country.
//
// For a series with C_h reports heard in E_h minutes of the hour of the week h,
// both weighted by 0.9 for every week of age,
//
//	λ_h = (f·C_h + κ) / (f·E_h + κ/(ℓ·g_h·d_h)),  κ = 20
//	f   = n / (n + τ²·C_h), n = E_h/60,  τ² = 0.1
//	ℓ   = (ΣC + 2) / (ΣE + 2/m0)
//	d_h = (Σ'C + κ) / (Σ'E·ℓ·g + κ), over the same hour of all seven days
//
// where m0 is the service's rate times the country's share of all reports, and
// g_h the shape of the week: that of the service over its countries, leaning on
// that of the country over all services, smoothed over five hours, of mean 1.
// An hour that was not heard yet leans on what the same hour of other days was.
// So a series without a history takes those of its service and its country, and
// after a day it has a day of its own.
//
// The hours of n weeks differ from week to week, by τ² of their mean squared. So
// their mean varies by 1/C + τ²/n relatively, however many the reports, as f·C
// reports would that come by chance alone: those count. The estimate is worth
// f·C + κ of them.
//
// Learning is robust. Hours enter late and without the minutes around outages;
// a count beyond the 99.5 % quantile of what was expected enters as that
// quantile. A level that stays changed for more than six hours is a new normal:
// then seven eighths of the series' past are forgotten, so that what follows
// weighs eight times as much, and what was held back so far is made up for.
//
// Reports and minutes are both of local hours, so an hour of the clock on the wall
// that comes twice in a week, or not at all, has the reports and the minutes that
// it had. The minutes derive from the coverage of the last sixty weeks, which is
// kept hour by hour; after so long a silence of our own all begins anew.
//
// A silent series costs nothing: a series keeps its total and those hours of
// the week in which it was ever heard.
package baseline
