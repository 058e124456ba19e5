import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useContracts } from '../../api/queries/lists.ts';
import { runs, useLoadTests } from '../../api/queries/load-tests.ts';
import { useMay } from '../../api/use-session.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { EarlierTests } from './earlier-tests.tsx';
import styles from './load-test.module.css';
import { NewTestForm } from './new-test-form.tsx';
import type { LoadTestSearch } from './search.ts';
import { TestView } from './test-view.tsx';

const route = getRouteApi('/frame/load-test');

/** A bounded load on one contract, and what it measures. */
export function LoadTestScreen() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const may = useMay('operator');
  const tests = useLoadTests(may);
  const contracts = useContracts();
  const go = (next: LoadTestSearch): void => void navigate({ to: '/load-test', search: next, replace: true });
  if (!may)
    return (
      <Page title="Load test">
        <EmptyState title="This is for operators">Ask an administrator to change your role.</EmptyState>
      </Page>
    );
  return (
    <Page title="Load test" about="Submits many tasks of one contract from the gateway, within bounds.">
      <Loaded query={tests} what="The load tests could not be read" lines={8}>
        {({ enabled, items }) => {
          const shown = search.test ?? items[0]?.id;
          const running = items.find(runs);
          return (
            <>
              {!enabled && (
                <EmptyState title="Load tests are switched off here" code="LOAD_TESTS=on">
                  A load test fills the queues that real work goes through, so in production it is off. Start the
                  gateway with this setting to switch it on.
                </EmptyState>
              )}
              <div className={styles['split']}>
                {enabled && (
                  <Loaded query={contracts} what="The contracts could not be read">
                    {(list) => (
                      <Panel title="New test">
                        <NewTestForm
                          contracts={list.items}
                          contract={search.contract ?? list.items.find(({ name }) => name === 'math.add')?.name}
                          isBusy={running !== undefined}
                          onContract={(contract) => go({ ...search, contract })}
                          onStarted={(test) => go({ ...search, test })}
                        />
                      </Panel>
                    )}
                  </Loaded>
                )}
                {shown !== undefined ? (
                  <TestView key={shown} id={shown} />
                ) : (
                  enabled && (
                    <EmptyState title="No test has run yet">
                      Start one: its rate and its times are drawn here, second by second.
                    </EmptyState>
                  )
                )}
              </div>
              {items.length > 0 && (
                <EarlierTests tests={items} shown={shown} onOpen={(test) => go({ ...search, test })} />
              )}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
