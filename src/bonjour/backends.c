/* backends.c - which back ends there are, the preferred first. */
#include "backend.h"

const struct tinet__bonjour_ops *const tinet__bonjour_backends[] = {
    &tinet__bonjour_system,
    &tinet__bonjour_embedded,
    NULL,
};
