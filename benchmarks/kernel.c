/* The twin's step as a plain C loop: a translation of twin/kernels, operation by operation and in the same order.
 *
 * It is the measure of how much speed the compiled Python leaves on the table, and a second opinion on its arithmetic:
 * built without contraction it gives the same bits.
 */
#include "kernel.h"

#include <math.h>
#include <string.h>

static const float NEVER = -1e9f, GAIN_STEP = 1.0f / 64.0f;
static const double ROUNDER = 0x1.8p25; /* a double near it holds whole units of 2^-27 Mbit only */

int64_t sizes(int which) {
    return which == 0 ? sizeof(Params) : which == 1 ? sizeof(State) : which == 2 ? sizeof(Scratch) : sizeof(Shape);
}

static inline float least(float a, float b) { return b < a ? b : a; }
static inline float most(float a, float b) { return b > a ? b : a; }

static inline uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static inline uint64_t draw(uint64_t key, int64_t step, int64_t entity, uint64_t purpose) {
    uint64_t name = (uint64_t)step * 0xD1342543DE82EF95u + (uint64_t)entity * 0xA0761D6478BD642Fu
                    + purpose * 0xE7037ED1A0B428DBu;
    return mix(mix(key + name) + 0x9E3779B97F4A7C15u);
}

static inline float to_normal(uint64_t bits) {
    uint64_t total = (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48);
    return ((float)total - 131070.0f) * (float)(1.7320508075688772 / 65536.0);
}

static inline float exp2_own(float x) {
    x = least(most(x, -126.0f), 126.0f);
    float whole = floorf(x), f = x - whole, p = 2.19010671e-4f;
    p = p * f + 1.24078359e-3f;
    p = p * f + 9.67859751e-3f;
    p = p * f + 5.54858685e-2f;
    p = p * f + 2.40228601e-1f;
    p = p * f + 6.93147139e-1f;
    p = p * f + 1.0f;
    int32_t bits = ((int32_t)whole + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* One replica's rows of the state. */
static State row_of(const State *s, const Shape *n, int64_t b) {
    State r = *s;
    int64_t c = b * n->cells, u = b * n->users;
    r.key += b, r.step += b, r.day += b;
    r.user_x += u, r.user_y += u, r.user_weight += u, r.indoor_db += u * n->layers, r.serving += u, r.ttt_s += u;
    r.left += u, r.moved_s += u;
    r.area_load += b * n->areas, r.area_noise += b * n->areas, r.surge += b * n->surges * N_SURGE;
    r.carrier += c, r.beam += c, r.shift_db += c, r.wake_left_s += c, r.load += c, r.cell_sum += c * N_SUMS;
    r.link += c * N_LINKS, r.offered_mbit += b, r.elapsed_s += b;
    return r;
}

static void obey(const Params *p, State *s, const Shape *n, const int8_t *wanted, const int8_t *beam,
                 const int8_t *offset_db) {
    for (int64_t c = 0; c < n->cells; c++) {
        s->beam[c] = beam[c], s->shift_db[c] = offset_db[c];
        int8_t old = s->carrier[c], new = wanted[c];
        if (old == new) continue;
        if (new < old)
            s->wake_left_s[c] = most(s->wake_left_s[c], p->wake_delay_s[c * N_STATES + old]);
        else if (s->wake_left_s[c] <= p->wake_delay_s[c * N_STATES + new])
            s->wake_left_s[c] = 0.0f;
        double both = (double)p->transition_j[c * N_STATES + old] + (double)p->transition_j[c * N_STATES + new];
        s->cell_sum[c * N_SUMS + ENERGY] += 0.5 * both;
        s->carrier[c] = new;
    }
}

static void step_noise(const Params *p, State *s, const Shape *n) {
    float keep = (float)p->noise_keep, gain = (float)p->noise_gain;
    for (int64_t g = 0; g < n->areas; g++)
        s->area_noise[g] = keep * s->area_noise[g] + gain * to_normal(draw(*s->key, *s->step, g, DEMAND));
}

static void move_users(const Params *p, State *s) {
    float on_foot = (float)p->move_m, driven = (float)p->vehicle_m;
    float x_max = (float)(p->n_x * p->pixel_m), y_max = (float)(p->n_y * p->pixel_m);
    int64_t leg = *s->step / STEPS_PER_HEADING;
    for (int64_t u = 0; u < p->crowd_first; u++) {
        if (u >= p->n_vehicles && s->indoor_db[u] > 0.0f) continue;
        float move = u < p->n_vehicles ? driven : on_foot;
        uint64_t way = draw(*s->key, leg, u, HEADING) & 15;
        float x = s->user_x[u] + move * p->heading[2 * way], y = s->user_y[u] + move * p->heading[2 * way + 1];
        x = x < 0.0f ? -x : x;
        y = y < 0.0f ? -y : y;
        s->user_x[u] = x > x_max ? x_max + x_max - x : x;
        s->user_y[u] = y > y_max ? y_max + y_max - y : y;
    }
}

static void locate(const Params *p, const State *s, const Shape *n, Scratch *w) {
    float per_m = (float)(1.0 / p->pixel_m);
    int32_t last_x = (int32_t)p->n_x - 1, last_y = (int32_t)p->n_y - 1;
    for (int64_t u = 0; u < n->users; u++) {
        int32_t x = (int32_t)(s->user_x[u] * per_m), y = (int32_t)(s->user_y[u] * per_m);
        x = x < 0 ? 0 : x > last_x ? last_x : x;
        y = y < 0 ? 0 : y > last_y ? last_y : y;
        w->pixel[u] = y * (int32_t)p->n_x + x;
    }
}

static void receive(const Params *p, const State *s, const Shape *n, Scratch *w) {
    for (int64_t c = 0; c < n->cells; c++) {
        float *restrict rsrp = w->rsrp + c * n->users;
        const float *restrict indoor = s->indoor_db + p->layer[c] * n->users;
        int64_t column = p->first_column[c] + s->beam[c];
        float sent = p->tx_dbm[c] - (s->carrier[c] == 1 ? (float)p->muting_loss_db : 0.0f);
        for (int64_t u = 0; u < n->users; u++)
            rsrp[u] = sent + (float)p->gain[w->pixel[u] * n->columns + column] * GAIN_STEP - indoor[u];
    }
}

static float profile_level(const Params *p, const State *s, const Shape *n) {
    double position = (*s->step * p->step_s) / p->slot_s;
    int64_t whole = (int64_t)floor(position);
    float share = (float)(position - whole);
    const float *day = p->profile + *s->day * n->slots;
    float first = day[whole % n->slots], second = day[(whole + 1) % n->slots];
    return first + share * (second - first);
}

static float surge_mbps(const Params *p, const State *s, int64_t slot) {
    const float *law = s->surge + slot * N_SURGE;
    float since = (float)(*s->step * p->step_s) - law[ONSET_S], peak = law[PEAK_MBPS];
    if (since <= 0.0f || peak <= 0.0f) return 0.0f;
    if (since < law[RAMP_S]) return peak * since / law[RAMP_S];
    float after = since - law[RAMP_S] - law[HOLD_S];
    return after <= 0.0f ? peak : peak * most(0.0f, 1.0f - after / law[RAMP_S]);
}

static void offer_traffic(const Params *p, const State *s, const Shape *n, Scratch *w) {
    float level = profile_level(p, s, n) * (float)p->user_mbps;
    for (int64_t g = 0; g < n->areas; g++)
        w->area_mbps[g] = level * s->area_load[g] * exp2_own(s->area_noise[g] * 1.4426950408889634f);
    for (int64_t u = 0; u < p->crowd_first; u++)
        w->offered[u] = w->area_mbps[p->pixel_area[w->pixel[u]]] * s->user_weight[u];
    int64_t crowd = n->users - p->crowd_first;
    for (int64_t slot = 0; slot < n->surges; slot++) {
        int64_t first = p->crowd_first + (crowd * slot) / n->surges;
        int64_t last = p->crowd_first + (crowd * (slot + 1)) / n->surges;
        float mbps = surge_mbps(p, s, slot) / (float)(last - first > 1 ? last - first : 1);
        for (int64_t u = first; u < last; u++) w->offered[u] = mbps;
    }
}

static void choose_best(const Params *p, const State *s, const Shape *n, Scratch *w) {
    int32_t *restrict best = w->best;
    float *restrict best_rank = w->best_rank;
    for (int64_t u = 0; u < n->users; u++) best[u] = -1, best_rank[u] = NEVER;
    for (int64_t c = 0; c < n->cells; c++) {
        float *restrict rank = w->rank + c * n->users;
        const float *restrict rsrp = w->rsrp + c * n->users;
        float offset = p->offset_db[c] + (float)s->shift_db[c];
        float floor_dbm = s->carrier[c] <= 1 && s->wake_left_s[c] <= 0.0f ? p->min_rsrp_dbm[c] : -NEVER;
        for (int64_t u = 0; u < n->users; u++) {
            float value = rsrp[u] >= floor_dbm ? rsrp[u] + offset : NEVER;
            rank[u] = value;
            best[u] = value > best_rank[u] ? (int32_t)c : best[u];
            best_rank[u] = most(value, best_rank[u]);
        }
    }
}

static void hand_over(const Params *p, State *s, const Shape *n, Scratch *w) {
    float dt = (float)p->step_s, margin = (float)p->a3_margin_db, wait = (float)p->ttt_s;
    float soon = (float)p->ping_pong_s, now = (float)(*s->step * p->step_s);
    choose_best(p, s, n, w);
    for (int64_t u = 0; u < n->users; u++) {
        int32_t old = s->serving[u], new = w->best[u];
        float old_rank = old >= 0 ? w->rank[old * n->users + u] : NEVER;
        float held = w->best_rank[u] > old_rank + margin ? s->ttt_s[u] + dt : 0.0f;
        if ((old_rank <= NEVER || (held >= wait && held > 0.0f)) && new != old) {
            s->serving[u] = new;
            held = 0.0f;
            if (new >= 0) {
                s->cell_sum[new * N_SUMS + HANDOVERS] += 1.0;
                s->cell_sum[new * N_SUMS + PING_PONGS] += new == s->left[u] && now - s->moved_s[u] <= soon ? 1.0 : 0.0;
            }
            s->left[u] = old;
            s->moved_s[u] = now;
        }
        s->ttt_s[u] = held;
    }
}

static void find_sinr(const Params *p, const State *s, const Shape *n, Scratch *w) {
    memset(w->total, 0, n->layers * n->users * sizeof(float));
    for (int64_t c = 0; c < n->cells; c++) {
        float *restrict total = w->total + p->layer[c] * n->users;
        const float *restrict power = w->power + c * n->users;
        float load = s->load[c];
        for (int64_t u = 0; u < n->users; u++) total[u] += load * power[u];
    }
    for (int64_t u = 0; u < n->users; u++) {
        int32_t c = s->serving[u];
        float power = c < 0 ? 0.0f : w->power[c * n->users + u];
        w->sinr[u] = c < 0 ? 0.0f : power / (most(w->total[p->layer[c] * n->users + u] - s->load[c] * power, 0.0f)
                                             + p->noise_mw[c]);
    }
}

static void find_rates(const Params *p, const State *s, const Shape *n, Scratch *w) {
    float *restrict rate = w->rate;
    const float *restrict sinr = w->sinr;
    memset(rate, 0, n->users * sizeof(float));
    for (int64_t k = 0; k < n->cqis; k++) {
        float threshold = p->cqi_sinr[k], gain = p->cqi_gain[k];
        for (int64_t u = 0; u < n->users; u++) rate[u] += sinr[u] >= threshold ? gain : 0.0f;
    }
    for (int64_t u = 0; u < n->users; u++) {
        int32_t c = s->serving[u];
        rate[u] *= c >= 0 ? p->rate_mbps[2 * c + s->carrier[c]] : 0.0f;
    }
}

static void share_cells(const Params *p, State *s, const Shape *n, Scratch *w) {
    float *restrict power = w->power;
    const float *restrict rsrp = w->rsrp;
    for (int64_t i = 0; i < n->cells * n->users; i++) power[i] = exp2_own(rsrp[i] * 0.33219280948873623f);
    for (int round = 0; round < ROUNDS; round++) {
        find_sinr(p, s, n, w);
        find_rates(p, s, n, w);
        memset(w->need, 0, n->cells * sizeof(float));
        for (int64_t u = 0; u < n->users; u++)
            if (w->rate[u] > 0.0f) w->need[s->serving[u]] += w->offered[u] / w->rate[u];
        for (int64_t c = 0; c < n->cells; c++) s->load[c] = least(w->need[c], 1.0f);
    }
}

static int64_t nearest_cell(const Shape *n, const Scratch *w, int64_t u) {
    int64_t best = 0;
    for (int64_t c = 1; c < n->cells; c++)
        if (w->rsrp[c * n->users + u] > w->rsrp[best * n->users + u]) best = c;
    return best;
}

static inline double counted(double mbit) { return (mbit + ROUNDER) - ROUNDER; }

static void open_books(State *s, const Shape *n) {
    for (int64_t c = 0; c < n->cells; c++) s->cell_sum[c * N_SUMS + BLOCKED] = s->cell_sum[c * N_SUMS + OFFERED];
}

static void close_books(State *s, const Shape *n) {
    *s->offered_mbit = 0.0;
    for (int64_t c = 0; c < n->cells; c++) {
        double *sums = s->cell_sum + c * N_SUMS;
        sums[OFFERED] = counted(sums[BLOCKED]);
        sums[BLOCKED] = sums[OFFERED] - counted(sums[VOLUME]);
        sums[VOLUME] = sums[OFFERED] - sums[BLOCKED];
        *s->offered_mbit += sums[OFFERED];
    }
}

static void account(const Params *p, State *s, const Shape *n, const Scratch *w) {
    double dt = p->step_s;
    float coverage = (float)p->coverage_dbm, guaranteed = (float)p->guaranteed_mbps;
    for (int64_t u = 0; u < n->users; u++) {
        int connected = s->serving[u] >= 0;
        int64_t c = connected ? s->serving[u] : nearest_cell(n, w, u);
        double *sums = s->cell_sum + c * N_SUMS;
        float asked = w->offered[u], throughput = w->rate[u] * (1.0f - s->load[c]);
        float served = connected && w->rate[u] > 0.0f ? asked / most(w->need[c], 1.0f) : 0.0f;
        double active = asked > 0.0f ? dt : 0.0;
        int covered = connected && w->rsrp[c * n->users + u] >= coverage;
        sums[USERS] += dt;
        sums[ACTIVE] += active;
        sums[THROUGHPUT] += active * (double)throughput;
        sums[BELOW] += connected && throughput >= guaranteed ? 0.0 : active;
        sums[UNCOVERED] += u < p->crowd_first && !covered ? dt : 0.0;
        sums[VOLUME] += dt * (double)served;
        sums[BLOCKED] += dt * (double)asked;
    }
    for (int64_t c = 0; c < n->cells; c++) s->cell_sum[c * N_SUMS + PRB] += dt * (double)s->load[c];
    *s->elapsed_s += dt;
}

static void count_cause(const Params *p, State *s, const Shape *n, const Scratch *w, int64_t u) {
    int32_t c = s->serving[u], back = c, source = s->left[u];
    for (int32_t o = 0; o < n->cells; o++)
        if (w->rank[o * n->users + u] > NEVER && w->rsrp[o * n->users + u] > w->rsrp[back * n->users + u]) back = o;
    if (back == c) return;
    float since = (float)((double)(*s->step - 1) * p->step_s) - s->moved_s[u];
    if (source < 0 || since > (float)p->ping_pong_s)
        s->link[c * N_LINKS + TOO_LATE] += 1.0;
    else
        s->link[source * N_LINKS + (back == source ? TOO_EARLY : WRONG_CELL)] += 1.0;
}

static void sample_links(const Params *p, State *s, const Shape *n, const Scratch *w) {
    memset(s->link, 0, n->cells * N_LINKS * sizeof(double));
    for (int64_t u = 0; u < n->users; u++) {
        int32_t c = s->serving[u];
        if (c < 0 || w->offered[u] <= 0.0f) continue;
        double *sums = s->link + c * N_LINKS;
        sums[EFFICIENCY] += (double)(w->rate[u] / p->rate_mbps[2 * c + s->carrier[c]]);
        if (w->sinr[u] < (float)p->qout) sums[OUT_OF_SYNC] += 1.0, count_cause(p, s, n, w, u);
        sums[SSB_0 + p->ssb_beam[w->pixel[u] * n->cells + c]] += 1.0;
    }
}

static void spend(const Params *p, State *s, const Shape *n) {
    float dt = (float)p->step_s;
    for (int64_t c = 0; c < n->cells; c++) {
        int64_t at = c * N_STATES + s->carrier[c];
        float power;
        if (s->wake_left_s[c] > 0.0f) {
            power = p->idle_w[c * N_STATES];
            s->wake_left_s[c] = most(s->wake_left_s[c] - dt, 0.0f);
        } else {
            power = p->idle_w[at] + s->load[c] * p->slope_w[at];
        }
        s->cell_sum[c * N_SUMS + ENERGY] += (double)power * p->step_s;
    }
}

/* Move every replica n_steps twin steps on, in place; wanted, beam and offset_db are (replicas, cells). */
void advance(const Params *p, const State *all, const Shape *n, const int8_t *wanted, const int8_t *beam,
             const int8_t *offset_db, int64_t n_steps, Scratch *w) {
    for (int64_t b = 0; b < n->replicas; b++) {
        State s = row_of(all, n, b);
        obey(p, &s, n, wanted + b * n->cells, beam + b * n->cells, offset_db + b * n->cells);
        open_books(&s, n);
        for (int64_t i = 0; i < n_steps; i++) {
            step_noise(p, &s, n);
            move_users(p, &s);
            locate(p, &s, n, w);
            receive(p, &s, n, w);
            offer_traffic(p, &s, n, w);
            hand_over(p, &s, n, w);
            share_cells(p, &s, n, w);
            account(p, &s, n, w);
            spend(p, &s, n);
            *s.step += 1;
            if (*s.step % p->sample_steps == 0) sample_links(p, &s, n, w);
        }
        close_books(&s, n);
    }
}
