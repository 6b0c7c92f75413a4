#include "services/cli/known.h"

#include "services/cli/commands.h"
#include "services/cli/policy/apply.h"

#include <stdlib.h>

int known_policy(struct view *in, const char *service, struct toc_policy **out)
{
    struct policy_in_force force = {0};
    if (policy_ask(in->client, service, true, &force) != TOC_OK)
        return client_fail(in->client);
    if (force.version == 0) {
        fprintf(stderr, "%s: no policy is in force\n", in->who);
        return CLI_FAILED;
    }
    enum toc_err err = toc_policy_recompile(toc_str(force.text, force.size), out);
    free(force.text);
    if (err == TOC_OK)
        return CLI_DONE;
    fprintf(stderr, "%s: the policy in force is of another version of this program\n", in->who);
    return CLI_FAILED;
}

void known_not(const struct view *in, const char *what, const struct toc_guess *guess)
{
    char safe[160];
    print_safe(safe, sizeof(safe), guess->wanted);
    fprintf(stderr, "%s: %s '%s'", in->who, what, safe);
    if (guess->best != NULL)
        fprintf(stderr, " (did you mean '%s'?)", guess->best);
    fputc('\n', stderr);
}

bool known_queue(const struct view *in, const struct toc_policy *policy, const char *name)
{
    struct toc_guess guess;
    if (toc_policy_queue(policy, toc_str_of(name)) != NULL)
        return true;
    toc_guess_init(&guess, toc_str_of(name));
    for (size_t i = 0; i < policy->queue_count; i++)
        toc_guess_offer(&guess, policy->queues[i].name);
    known_not(in, "the policy in force has no queue", &guess);
    return false;
}

bool known_person(const struct view *in, const struct toc_policy *policy, const char *id)
{
    struct toc_guess guess;
    if (policy->person_count == 0 || toc_policy_person(policy, toc_str_of(id)) != NULL)
        return true;
    toc_guess_init(&guess, toc_str_of(id));
    for (size_t i = 0; i < policy->person_count; i++)
        toc_guess_offer(&guess, policy->people[i].name);
    known_not(in, "the policy in force has no person", &guess);
    return false;
}

const char *known_unfit(const char *code)
{
    static const char *const words[][2] = {
        {"offline", "they are offline"},
        {"other_queues", "they do not serve this queue now"},
        {"off_shift", "they are off shift"},
        {"clearance", "they have no clearance for this queue"},
        {"skill", "they lack a skill that the queue requires"},
        {"declined", "they have declined it"},
        {"full", "they have no capacity left"},
        {"decider", "they made the decision that it contests"},
        {"exposure", "they have seen as much of this content as a day may hold"},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i][0], code) == 0)
            return words[i][1];
    return NULL;
}
