/* What the C loop reads and changes: names and order of twin/kernels/layout.py, which a test compares. */
#include <stdint.h>

typedef struct {
    const int16_t *gain;
    const int32_t *first_column;
    const int8_t *ssb_beam;
    const int32_t *pixel_area;
    const float *tx_dbm, *noise_mw;
    const int32_t *layer, *first_of_site;
    const float *offset_db, *min_rsrp_dbm, *rate_mbps, *idle_w, *slope_w, *transition_j, *wake_delay_s, *wait_s;
    int64_t n_findable;
    const float *cqi_sinr, *cqi_gain, *profile, *kind_profile;
    const int32_t *area_kind;
    const float *venue_xy, *humps, *heading;
    int64_t n_x, n_y;
    double pixel_m, step_s, slot_s, noise_keep, noise_gain, move_m, vehicle_m;
    int64_t n_vehicles;
    double a3_margin_db, ttt_s, ping_pong_s;
    int64_t sample_steps;
    double qout, muting_loss_db, user_mbps;
    const double *service;
    double service_mbps;
    int64_t session_steps;
    int64_t crowd_first, slice_first, slice_users;
    const int32_t *slice_size;
    const float *slice_mbps, *slice_activity, *slice_packet_mbit, *slice_latency_s, *slice_arrival, *slice_hold_s;
    double slice_max_ratio;
    const float *slice_least, *slice_most, *slice_dedicated;
    const int8_t *slice_gbr;
    const double *slice_buffer_mbit;
    double slice_buffer_s, user_buffer_mbit, slice_radius_m;
    double guaranteed_mbps, coverage_dbm, fixed_w;
    const double *fail_prob;
    const int32_t *cause_place;
    const double *life_s, *life_power;
    const float *repair_s;
    const double *repair_power;
    const uint8_t *cuts_off;
    double detect_least_s, detect_most_s;
    const float *backhaul_mbps, *backhaul_s, *backhaul_packet_s, *backhaul_buffer_s;
    double core_mbps, core_packet_s, core_buffer_s;
} Params;

typedef struct {
    const uint64_t *key;
    int64_t *step;
    const int32_t *day;
    float *user_x, *user_y;
    const float *user_weight;
    const int8_t *user_service;
    const float *indoor_db;
    int32_t *serving;
    float *ttt_s;
    int32_t *left;
    float *moved_s;
    const float *area_load;
    float *area_noise;
    const float *surge;
    int8_t *carrier, *beam, *shift_db, *ssb_period;
    float *wake_left_s;
    int8_t *down;
    float *outage;
    double *life_s;
    float *load;
    float *request;
    int8_t *answer, *slot_kind, *slot_tier;
    float *slot_left_s, *slot_xy;
    double *slot_sum, *cell_sum, *link, *queue, *offered_mbit, *elapsed_s;
} State;

typedef struct {
    int32_t *pixel, *column;
    float *rsrp, *power, *rank;
    int32_t *best;
    float *best_rank, *total, *sinr, *offered;
    double *fresh;
    float *rate, *need, *slice_need;
    int32_t *slice_kind;
    float *type_need, *type_given, *server, *filled, *carried, *used, *held;
    float *site_mbps, *passed, *spare, *delay_s, *area_mbps;
} Scratch;

typedef struct {
    int64_t replicas, cells, columns, users, layers, areas, surges, slots, cqis;
} Shape;

enum { PRB, VOLUME, BLOCKED, USERS, ACTIVE, THROUGHPUT, BELOW, UNCOVERED, ENERGY, HANDOVERS,
       PING_PONGS, SLICE_PRB, LINK_USE, SLICE_VOLUME, SLICE_DELAY, OFFERED, N_SUMS };
enum { EFFICIENCY, OUT_OF_SYNC, SSB_0, TOO_EARLY = SSB_0 + 4, TOO_LATE, WRONG_CELL, N_LINKS };
enum { ONSET_S, RAMP_S, HOLD_S, PEAK_MBPS, VENUE, N_SURGE };
enum { N_STATES = 5, ROUNDS = 2, STEPS_PER_HEADING = 5, DEMAND = 0, HEADING = 1 };
