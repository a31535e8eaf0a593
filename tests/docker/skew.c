/* Preloaded into a node: its UNIX clock is wrong by the seconds in the file that SKEW_FILE names, read once a second.
   Only time of day is wrong; the monotonic clock, which timers run on, is as it was: as on a machine without NTP.
   (Debian's libfaketime does the same, but breaks Python's time.sleep.) */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t skew(void)
{
    static volatile time_t read_at = -1;
    static volatile long seconds = 0;
    struct timespec now;

    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    if (now.tv_sec != read_at) {
        const char *path = getenv("SKEW_FILE");
        FILE *file = path ? fopen(path, "re") : NULL;
        long found = 0;

        read_at = now.tv_sec;
        if (file) {
            if (fscanf(file, "%ld", &found) != 1)
                found = 0;
            fclose(file);
        }
        seconds = found;
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int status = syscall(SYS_clock_gettime, clock, time);

    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec += skew();
    return status;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    int status = syscall(SYS_gettimeofday, time, zone);

    if (status == 0)
        time->tv_sec += skew();
    return status;
}

time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
